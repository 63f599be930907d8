// SPDX-License-Identifier: MIT

// Package policy reads a tailnet policy file and says what it gives to whom on this
// server, as far as the file alone can tell. It is pure: it asks nobody, keeps nothing,
// and answers "may" where the file leaves a question open. It imports grant, caller
// and the HuJSON parser.
package policy
