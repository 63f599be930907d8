// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// patience bounds every wait whose context does not end sooner. It is longer than a unit waits for a device (90 s), so that
// a boot that hangs is told from one that is slow.
const patience = 3 * time.Minute

// BootTime is how long the last boot took: from the start of PID 1 until multi-user.target was reached.
func (h *Host) BootTime(ctx context.Context) (time.Duration, error) {
	began, err := h.microseconds(ctx, "UserspaceTimestampMonotonic")
	if err != nil {
		return 0, err
	}
	reached, err := h.microseconds(ctx, "ActiveEnterTimestampMonotonic", "multi-user.target")
	if err != nil {
		return 0, err
	}
	if reached < began || reached == 0 {
		return 0, fmt.Errorf("%s has not reached multi-user.target", h.Name)
	}
	return reached - began, nil
}

func (h *Host) microseconds(ctx context.Context, property string, units ...string) (time.Duration, error) {
	out, err := h.Run(ctx, "systemctl", append([]string{"show", "--value", "--property=" + property}, units...)...)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(out, 10, 64)
	return time.Duration(n) * time.Microsecond, err
}

// Reboot shuts the host down as an administrator does, boots it again, and returns when its boot has finished and no unit
// has failed; and, if it was in the tailnet, when it is back there.
func (h *Host) Reboot(ctx context.Context) error {
	reboot := func() error {
		before, err := h.leader()
		if err != nil {
			return err
		}
		// It may be cut off before it can say that all is well. Whether the host goes down shows below.
		_, asked := h.Run(ctx, "systemctl", "reboot")
		if err := h.awaitBoot(ctx, before); err != nil {
			return errors.Join(err, asked)
		}
		return nil
	}
	if h.Node == nil {
		return reboot()
	}
	return h.Node.AcrossRestart(ctx, reboot)
}

// awaitBoot waits until systemd says that the boot is finished. The process ID is that of the boot before, 0 if there was none.
func (h *Host) awaitBoot(ctx context.Context, before int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not within %v", patience))
	defer cancel()
	err := h.await(ctx, func() error {
		leader, err := h.leader()
		if err != nil {
			return err
		}
		if leader == before {
			return errors.New("it has not gone down")
		}
		state, err := h.Run(ctx, "systemctl", "is-system-running", "--wait")
		if err != nil && state != "degraded" {
			return fmt.Errorf("%s: %w", state, err) // systemd may not listen yet
		}
		return nil
	})
	if err != nil {
		jobs, _ := h.Run(context.WithoutCancel(ctx), "systemctl", "list-jobs", "--no-pager")
		return fmt.Errorf("awaiting the end of the boot: %w; jobs: %s", err, jobs)
	}
	failed, err := h.Run(ctx, "systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager")
	if err == nil && failed != "" {
		err = fmt.Errorf("units have failed during the boot:\n%s", failed)
	}
	if err != nil {
		return err
	}
	return h.linkSocket()
}

// await asks until nothing is wanting any more, and reports what was wanting last when ctx or the host ends.
func (h *Host) await(ctx context.Context, wanting func() error) error {
	for {
		err := wanting()
		if err == nil {
			return nil
		}
		select {
		case <-h.done:
			return fmt.Errorf("the host has ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
