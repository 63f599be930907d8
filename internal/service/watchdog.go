// SPDX-License-Identifier: MIT

package service

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Watchdog pings the service manager's watchdog until ctx is done, and returns
// nil then. It returns nil at once when no watchdog watches this process, and an
// error when its period cannot be read.
//
// A ping is sent only after probe has succeeded. The probe runs three times per
// watchdog period and has a third of it to finish: one slow or failed probe is
// survived, two in a row are not. A probe that ignores its context keeps the
// pings away for as long as it blocks, which is what a hung daemon deserves.
func Watchdog(ctx context.Context, log *slog.Logger, probe func(context.Context) error) error {
	period, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("reading the watchdog period: %w", err)
	}
	if period == 0 {
		return nil
	}
	step := period / 3
	tick := time.NewTicker(step)
	defer tick.Stop()
	for {
		if err := alive(ctx, step, probe); err == nil {
			if err := notify(daemon.SdNotifyWatchdog); err != nil {
				log.LogAttrs(ctx, slog.LevelWarn, "watchdog ping was not delivered", slog.Any("error", err))
			}
		} else if ctx.Err() == nil {
			log.LogAttrs(ctx, slog.LevelError, "no sign of life for the watchdog: systemd restarts the service if this goes on",
				slog.Any("error", err), slog.Duration("period", period))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// alive runs probe once. A success after the deadline does not count: the next
// probe, which begins at once, has to be in time.
func alive(ctx context.Context, deadline time.Duration, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	if err := probe(ctx); err != nil {
		return err
	}
	return ctx.Err()
}
