package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/profilekv"
)

// profilesEvery is the interval at which files of profiles are read again.
const profilesEvery = 2 * time.Second

// followers returns background functions that keep profileStore up to date with the files and the
// bucket of profiles. An invalid file is an error at start and a warning afterwards.
func followers(
	d *serve.Dependencies, c config, nc *nats.Conn, profileStore *profile.Store,
) (all []func(context.Context) error, err error) {
	report := func(err error) { slog.Warn("profile not loaded", "error", err) }
	if c.Profiles != "" {
		files := &profile.Files{Store: profileStore, Paths: strings.Split(c.Profiles, ",")}
		if err := files.Refresh(); err != nil {
			return nil, err
		}
		all = append(all, func(ctx context.Context) error { files.Follow(ctx, profilesEvery, report); return nil })
	}
	if c.ProfilesBucket != "" {
		js, err := jetstream.New(nc)
		if err != nil {
			return nil, err
		}
		follower := profilekv.NewFollower(js, c.ProfilesBucket, profileStore, report)
		d.Check(serve.Check{
			Name: "profiles in bucket " + c.ProfilesBucket + " on NATS at " + natsx.Redact(c.NatsURL),
			Do:   follower.Ready, Need: serve.NeedAtStart,
		})
		all = append(all, follower.Run)
	}
	return all, nil
}

// logProfile logs that a profile was added to the profile.Store or, if p is nil, removed.
func logProfile(source string, p *profile.Profile) {
	if p == nil {
		slog.Info("profile removed", "source", source)
		return
	}
	slog.Info("profile loaded", "source", source, "profile", p.Name)
}
