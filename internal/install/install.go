// SPDX-License-Identifier: MIT

// Package install enters the proxy in the configuration files of MCP clients,
// and takes it out again.
//
// What each client needs is one table, clients.go. An edit is planned from the
// bytes of the file ([PlanInstall], [PlanUninstall]), can be shown as a diff,
// and is then carried out ([Plan.Apply]): everything but the entry stays as it
// is, byte for byte, and what cannot be done so is refused before anything is
// written.
package install

import "fmt"

// Refusal is why nothing was changed, with the next step for a person.
type Refusal struct {
	Problem string
	Hint    string
}

func (r *Refusal) Error() string { return r.Problem }

func refuse(hint, format string, args ...any) error {
	return &Refusal{Problem: fmt.Sprintf(format, args...), Hint: hint}
}
