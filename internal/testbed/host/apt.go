// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Repository is an apt repository in a directory of this machine.
type Repository struct {
	// Dir is the repository. It is copied to the host, and apt's source is the copy.
	Dir string

	// Suite is the directory under dists, such as "stable"; "./" or empty for a flat repository.
	Suite string

	// Components are those of the suite; "main" when empty. A flat repository has none.
	Components []string

	// Keyring is the file with the key that the repository is signed with. Without one apt takes it on trust.
	Keyring string
}

// AptUpdate makes r a source of the host's apt and has it read the lists. A repository that has changed is copied anew, as a
// web server would serve its new state.
func (h *Host) AptUpdate(ctx context.Context, r Repository) error {
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(r.Dir)))[:12]
	dir := "/srv/apt/" + name
	if _, err := h.Run(ctx, "rm", "-rf", dir); err != nil {
		return err
	}
	if err := h.CopyDir(ctx, r.Dir, dir); err != nil {
		return err
	}
	signed := "Trusted: yes"
	if r.Keyring != "" {
		key, err := os.ReadFile(r.Keyring)
		if err != nil {
			return fmt.Errorf("reading the key of %s: %w", r.Dir, err)
		}
		signed = "Signed-By: /usr/share/keyrings/" + name + ".gpg"
		if strings.HasPrefix(string(key), "-----BEGIN") {
			signed = "Signed-By: /usr/share/keyrings/" + name + ".asc" // apt tells the two forms apart by it
		}
		if err := h.Write(ctx, strings.TrimPrefix(signed, "Signed-By: "), string(key), 0o644); err != nil {
			return err
		}
	}
	suites, components := "Suites: ./", ""
	if r.Suite != "" && r.Suite != "./" {
		suites, components = "Suites: "+r.Suite, "Components: main\n"
		if len(r.Components) > 0 {
			components = "Components: " + strings.Join(r.Components, " ") + "\n"
		}
	}
	source := fmt.Sprintf("Types: deb\nURIs: file:%s\n%s\n%s%s\n", dir, suites, components, signed)
	if err := h.Write(ctx, "/etc/apt/sources.list.d/"+name+".sources", source, 0o644); err != nil {
		return err
	}
	_, err := h.Run(ctx, "apt-get", "update", "--quiet=2", "--error-on=any")
	return err
}

// AptInstall makes r a source of the host's apt and installs packages from it, or upgrades them, as an administrator does.
// It answers no questions: changed configuration files stay as they are.
func (h *Host) AptInstall(ctx context.Context, r Repository, packages ...string) error {
	if err := h.AptUpdate(ctx, r); err != nil {
		return err
	}
	return h.AptGet(ctx, append([]string{"install"}, packages...)...)
}

// AptGet runs apt-get on the host without questions: install, remove, purge, full-upgrade.
func (h *Host) AptGet(ctx context.Context, args ...string) error {
	options := []string{"--yes", "--quiet=2", "-o", "Dpkg::Options::=--force-confold"}
	_, err := h.Run(ctx, "apt-get", append(options, args...)...)
	return err
}

// CopyDir copies a directory of this machine to the host, with what is in it.
func (h *Host) CopyDir(ctx context.Context, from, to string) error {
	if _, err := h.Run(ctx, "mkdir", "-p", to); err != nil {
		return err
	}
	read, write := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		archive := tar.NewWriter(write)
		err := errors.Join(archive.AddFS(os.DirFS(from)), archive.Close())
		write.CloseWithError(err)
		packed <- err
	}()
	_, err := h.runWith(ctx, read, "tar", "--extract", "--no-same-owner", "--directory="+to)
	read.CloseWithError(errors.New("tar has ended"))
	if failed := <-packed; err == nil && failed != nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("copying %s to %s: %w", from, h.Name, err)
	}
	return nil
}
