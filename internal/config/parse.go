// SPDX-License-Identifier: MIT

package config

import (
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"tailscale-mcp/internal/grant"
)

func (l *loader) port(name, value string) uint16 {
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil || port == 0 {
		l.addValue(name, value, "is not a TCP port", "write a number from 1 to 65535")
		return 0
	}
	return uint16(port)
}

// number reads a count with its bounds: below the lower one honest work would be
// refused, and above the upper one the limit would protect nobody.
func (l *loader) number(name, value string, least, most int) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		l.addValue(name, value, "is not a number within its bounds", fmt.Sprintf("write a whole number from %d to %d", least, most))
		return least
	}
	return n
}

func (l *loader) boolean(name, value string) bool {
	b, err := strconv.ParseBool(strings.ToLower(value))
	if err != nil {
		l.addValue(name, value, "is neither true nor false", "write true or false")
	}
	return b
}

// confirm reports whether it takes a person to confirm a change.
func (l *loader) confirm(name, value string) bool {
	switch strings.ToLower(value) {
	case "code":
		return false
	case "person":
		return true
	}
	l.addValue(name, value, "is neither code nor person", "write code or person")
	return false
}

func (l *loader) level(name, value string) slog.Level {
	switch strings.ToLower(value) {
	case "debug":
		return slog.LevelDebug
	case "info":
		return slog.LevelInfo
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	l.addValue(name, value, "is not a log level", "write debug, info, warn or error")
	return slog.LevelInfo
}

// classes reads the ceiling. An unknown class is an error rather than ignored:
// it may be a misspelt one that somebody relies on.
func (l *loader) classes(name, value string) []grant.Class {
	var known []string
	for _, class := range grant.Classes() {
		known = append(known, string(class))
	}
	wanted := map[grant.Class]bool{}
	for _, word := range list(value) {
		class, err := grant.ParseClass(word)
		if err != nil {
			remedy := "write a comma-separated list of " + strings.Join(known, ", ")
			if meant := nearest(word, known); meant != "" {
				remedy = "did you mean " + meant + "?"
			}
			l.addValue(name, word, "is not a class of tools", remedy)
			return nil
		}
		wanted[class] = true
	}
	if len(wanted) == 0 {
		l.addValue(name, value, "names no class of tools", "write a comma-separated list of "+strings.Join(known, ", "))
	}
	var classes []grant.Class
	for _, class := range grant.Classes() {
		if wanted[class] {
			classes = append(classes, class)
		}
	}
	return classes
}

// groups reads which groups of tools are offered, nil for all that are known. An unknown
// one is an error rather than ignored, as with classes.
func (l *loader) groups(name, value string, known []string) []string {
	offered, all := map[string]bool{}, false
	without := map[string]bool{}
	for _, word := range list(value) {
		group, left := strings.CutPrefix(word, "-")
		switch {
		case word == "all":
			all = true
		case len(known) > 0 && !slices.Contains(known, group):
			remedy := "the groups are: " + strings.Join(known, ", ")
			if meant := nearest(group, known); meant != "" {
				remedy = "did you mean " + meant + "? " + remedy
			}
			l.addValue(name, word, "is not a group of tools", remedy)
			return nil
		case left:
			without[group] = true
		default:
			offered[group] = true
		}
	}
	if len(without) == 0 && (all || len(offered) == 0) {
		return nil
	}
	if all || len(offered) == 0 {
		for _, group := range known {
			offered[group] = true
		}
	}
	maps.DeleteFunc(offered, func(group string, _ bool) bool { return without[group] })
	if len(offered) == 0 && len(known) > 0 {
		l.addValue(name, value, "leaves no group of tools", "write all, or a comma-separated list of: "+strings.Join(known, ", "))
	}
	return slices.Sorted(maps.Keys(offered))
}

// apiURL wants https, since the credential travels there; loopback is for tests
// and for a proxy on this host.
func (l *loader) apiURL(name, value string) *url.URL {
	u, err := url.Parse(value)
	const remedy = "write it like https://api.tailscale.com"
	switch {
	// What looks like user:password@ or a query is not shown back.
	case strings.ContainsAny(value, "@?#"):
		l.add(name, "holds more than a host (a user, a query or a fragment)", remedy)
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		l.addValue(name, value, "is not a URL", remedy)
	case u.Scheme != "https" && u.Scheme != "http":
		l.addValue(name, value, "is not an https URL", remedy)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		l.addValue(name, value, "would send the credential unencrypted", "use https (http is accepted for loopback addresses only)")
	case u.Path != "" && u.Path != "/":
		l.addValue(name, value, "has a path", "leave the path out: /api/v2 is added by itself")
	default:
		u.Path = ""
		return u
	}
	return nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func (l *loader) tailnet(name, value string) string {
	if strings.ContainsAny(value, "/?#%") || !graphic(value) {
		l.addValue(name, value, "is not the name of a tailnet", "write the tailnet ID of the admin console's settings, or - for the credential's own")
	}
	return value
}

// capability wants domain/name, the form that app capabilities have in the
// policy file (https://tailscale.com/kb/1537/grants-app-capabilities).
func (l *loader) capability(name, value string) string {
	domain, path, found := strings.Cut(value, "/")
	if !found || path == "" || !dnsName(domain) || !strings.Contains(domain, ".") || !graphic(value) || len(value) > 255 {
		l.addValue(name, value, "is not the name of an app capability", "write it like in the policy file: a domain, a slash and a name, such as jaxxstorm.com/cap/mcp")
	}
	return value
}

func (l *loader) socket(name, value string) string {
	if value != "" && !filepath.IsAbs(value) {
		l.addValue(name, value, "is not an absolute path", "write the whole path, beginning with /")
	}
	return value
}

func (l *loader) folder(name, value string) string {
	if !filepath.IsAbs(value) || !graphic(value) {
		l.addValue(name, value, "is not an absolute path of a folder", "write the whole path, beginning with /")
		return ""
	}
	return filepath.Clean(value)
}

// AuditName is the file's name in a folder of logs.
const AuditName = "audit.jsonl"

// auditFile is the file that is set, else one in the first of systemd's folders of
// logs (systemd.exec(5), LogsDirectory=).
func (l *loader) auditFile(name, value string) string {
	if value == "" {
		folder, _, _ := strings.Cut(os.Getenv("LOGS_DIRECTORY"), ":")
		if !filepath.IsAbs(folder) {
			return ""
		}
		return filepath.Join(folder, AuditName)
	}
	if !filepath.IsAbs(value) || strings.HasSuffix(value, "/") || !graphic(value) {
		l.addValue(name, value, "is not an absolute path of a file", "write the whole path, beginning with /, such as /var/log/tailscale-mcp/"+AuditName)
		return ""
	}
	return filepath.Clean(value)
}

func (l *loader) hostnames(name, value string) []string {
	var hosts []string
	for _, word := range list(value) {
		host := strings.ToLower(strings.TrimSuffix(word, "."))
		// Addresses are never configured: the host's Tailscale addresses count, no other.
		if _, err := netip.ParseAddr(host); err == nil || !dnsName(host) {
			l.addValue(name, word, "is not a DNS name", "write names only, such as mcp.example.com: no scheme, port, path, address or wildcard")
			continue
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// dnsName accepts host names as in RFC 1123 section 2.1.
func dnsName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)) {
				return false
			}
		}
	}
	return true
}

// secretText refuses what cannot be sent in a header, without showing it.
func (l *loader) secretText(name, value string) {
	if !graphic(value) {
		remedy := "paste the secret alone, on one line, without quotes around a part of it"
		if strings.HasPrefix(name, credentialSource) {
			remedy += "; if the file is encrypted, LoadCredentialEncrypted= has to name it (systemctl edit tailscale-mcp.service)"
		}
		l.add(name, "holds blanks or control characters", remedy)
	}
}

func (l *loader) plainText(name, value string) {
	if !graphic(value) {
		l.addValue(name, value, "holds blanks or control characters", "paste the value alone, on one line")
	}
}

// graphic reports whether s has only visible ASCII characters.
func graphic(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// list splits at commas and blanks: both are common in environment files.
func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}
