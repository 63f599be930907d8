// SPDX-License-Identifier: MIT

package config

import "strings"

// ManPage is tailscale-mcp.env(5) in mdoc. Its variables are made from the same
// tags that the program reads, as [EnvFile] is.
func ManPage() string {
	var b strings.Builder
	b.WriteString(`.\" SPDX-License-Identifier: MIT
.\" Made by make golden from internal/config; edit it there.
.Dd November 26, 2026
.Dt TAILSCALE-MCP.ENV 5
.Os tailscale-mcp
.Sh NAME
.Nm tailscale-mcp.env
.Nd configuration of tailscale-mcp
.Sh SYNOPSIS
.Nm ` + File + `
.Sh DESCRIPTION
The variables in this file configure the daemon
.Xr tailscale-mcp 8 .
systemd reads it as root when it starts
.Ql tailscale-mcp.service
.Pq Va EnvironmentFile Ns =
and gives the daemon what is in it; the file need not exist.
After a change:
.Pp
.Dl systemctl restart tailscale-mcp.service
.Pp
The subcommands
.Cm check , grant , doctor
and
.Cm audit
of
.Xr tailscale-mcp 8
read the file themselves, where they may; what the environment has wins.
.Pp
A line is
.Ql NAME=value .
Empty lines and those that begin with
.Ql #
or
.Ql ;\&
are left out, and of two lines with one name the last counts.
It is no shell script: nothing is expanded, and there is no
.Ql export .
Blanks around the value are dropped; a value may stand in single or double
quotes.
.Pp
An empty value means the default.
An unknown name that begins with
.Ql ` + serverPrefix + `_
or a bad value stops the start with exit status 78; the journal has all that is
wrong, and what to write instead, but never a secret.
A name that begins with
.Ql ` + apiPrefix + `_
may be another program's, and gives a warning if it is nearly one of these.
.Sh VARIABLES
.Bl -tag -width Ds
`)
	for _, v := range Reference() {
		b.WriteString(".It Ev " + v.Name + "\n" + roff(v.Description))
		if v.Credential != "" {
			b.WriteString("It is a secret; see\n.Sx CREDENTIALS .\n")
		}
		if v.Default == "" {
			b.WriteString("It has no default.\n")
		} else {
			b.WriteString("The default is\n.Ql " + strings.ReplaceAll(v.Default, "-", `\-`) + " .\n")
		}
	}
	b.WriteString(`.El
.Sh CREDENTIALS
Secrets are best kept out of this file, as systemd credentials: files in
.Pa /etc/credstore ,
which only root can read and of which systemd gives the daemon a copy that no
other account sees.
One that is there wins over the variable, and one that is missing is no error.
This is tested with systemd 252 and 257; an older one may not look there, and the
secret then belongs into this file.
.Bl -tag -width Ds
`)
	for _, v := range Reference() {
		if v.Credential != "" {
			b.WriteString(".It Pa /etc/credstore/" + v.Credential + "\nInstead of\n.Ev " + v.Name + " .\n")
		}
	}
	b.WriteString(`.El
.Pp
A person's shell has no credentials; so that
.Cm doctor
tries the one that the daemon has:
.Pp
.Dl sudo CREDENTIALS_DIRECTORY=/etc/credstore tailscale-mcp doctor
.Pp
If this file holds a secret all the same, keep it readable for root alone (mode
0600), as it is shipped.
.Sh FILES
.Bl -tag -width Ds
.It Pa ` + File + `
The file.
On Debian, removing the package keeps it and purging removes it; rpm keeps one
that was changed, as
.Pa ` + File + `.rpmsave .
.It Pa /etc/credstore
Credentials, see
.Sx CREDENTIALS .
Neither removing nor purging the package touches them.
.El
.Sh EXAMPLES
An OAuth client that may also rename devices:
.Bd -literal -offset indent
` + exampleFile + `.Ed
.Pp
with its secret in the credential store:
.Bd -literal -offset indent
install -d -m 0700 /etc/credstore
install -m 0600 MY\-FILE /etc/credstore/` + CredentialOAuthClientSecret + `
.Ed
.Sh SEE ALSO
.Xr systemd.exec 5 ,
.Xr tailscale-mcp-server 5 ,
.Xr tailscale-mcp 8 ,
.Xr tailscale-mcp-server 8
`)
	return b.String()
}

const exampleFile = `TAILSCALE_OAUTH_CLIENT_ID=kExample1CNTRL
TAILSCALE_MCP_ALLOW=read,write
TAILSCALE_MCP_HOSTNAMES=mcp.example.com
`

// roff is a paragraph of plain text as a manual page takes it: a sentence begins
// a line, and no line begins with what would be a request.
func roff(text string) string {
	text = strings.ReplaceAll(text, `\`, `\e`)
	var b strings.Builder
	for sentence := range strings.SplitSeq(strings.ReplaceAll(text, ". ", ".\n"), "\n") {
		for line := range strings.Lines(wrap(sentence, "", 78)) {
			if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
				line = `\&` + line
			}
			b.WriteString(line)
		}
	}
	if !strings.HasSuffix(text, ".") {
		return strings.TrimSuffix(b.String(), "\n") + ".\n"
	}
	return b.String()
}
