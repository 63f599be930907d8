// SPDX-License-Identifier: MIT

// Package policy says what a tailnet policy file means: compiled for a tailnet, who
// reaches what and by which rule, which packet filter, SSH rules, capabilities and
// attributes a device gets, and what the file's own tests say. What cannot be known from
// outside is unknown, and named; it is never guessed to a yes or a no.
//
// Beside that, as far as the file alone can tell, it says what the file gives to whom on
// this server. It is pure: it asks nobody and has no clock. It imports grant, caller,
// its own model (policy/grammar, policy/tailnet), sets of addresses and the HuJSON parser.
package policy
