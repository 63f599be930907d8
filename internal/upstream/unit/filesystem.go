// SPDX-License-Identifier: MIT

package unit

import (
	"fmt"
	"slices"
	"strings"
)

// fromEtc is what of /etc a program needs to run, find names and check certificates.
// None of it is a secret; what is not there is passed over.
var fromEtc = prefixed("alternatives", "ca-certificates", "crypto-policies", "fonts", "gai.conf", "group", "host.conf", "hosts",
	"java", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "locale.alias", "mime.types", "nsswitch.conf",
	"os-release", "passwd", "pki/ca-trust", "pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf", "protocols", "python3", "services", "ssl/certs", "ssl/openssl.cnf",
	"terminfo", "timezone")

func prefixed(names ...string) []string {
	for i, name := range names {
		names[i] = "-/etc/" + name
	}
	return names
}

// visible are the folders in the root that a server sees, or that another line of its
// unit covers.
var visible = []string{
	"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32", // programs
	"dev", "proc", "sys", "tmp", // PrivateDevices=, ProtectProc=, ProtectKernelTunables=, PrivateTmp=
}

// always are the folders of the root that are covered whatever host it is.
//
// ProtectHome=tmpfs by itself leaves its folders to write to, and read-only, which
// DynamicUser= implies, leaves them to read.
var always = []string{"/etc", "/home", "/root", "/run", "/run/user", "/var"}

// Known reports whether the unit of every server covers a folder of the root, or leaves it
// on purpose: what others there are is known to the units that were made afterwards.
func Known(name string) bool {
	return slices.Contains(visible, name) || slices.Contains(always, "/"+name)
}

// covered returns the folders of the root that a server finds empty: all but those.
func covered(top []string) ([]string, error) {
	dirs := slices.Clone(always)
	for _, name := range top {
		path := "/" + name
		if slices.Contains(visible, name) || slices.Contains(dirs, path) {
			continue
		}
		if name == "" || strings.ContainsAny(name, "/:\\\"\n\t\r") {
			return nil, fmt.Errorf("the folder %q in the root cannot be kept from servers: give it a name without colons, quotes, \\ and line breaks", path)
		}
		dirs = append(dirs, path)
	}
	slices.Sort(dirs)
	return dirs, nil
}
