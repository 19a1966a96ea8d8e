package main

import (
	"context"
	"maps"
	"os"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/profilekv"
)

type profileCmd struct {
	Show   profileShowCmd   `cmd:"" help:"Check a file, and print the strategies that it chooses."`
	Put    profilePutCmd    `cmd:"" help:"Check a file, and publish it to all planners."`
	List   profileListCmd   `cmd:"" help:"List the profiles that planners follow."`
	Delete profileDeleteCmd `cmd:"" help:"Delete a profile, so that planners follow it no longer."`
}

// bucket names the key-value bucket in which planners look for profiles.
type bucket struct {
	natsTarget `embed:""`
	Bucket     string `help:"Key-value bucket of profiles." default:"PROFILES"`
}

type profileShowCmd struct {
	File string `arg:"" type:"existingfile"`
}

// Run prints the table of a profile.
func (c *profileShowCmd) Run(out *output) error {
	p, err := profile.Load(c.File)
	if err != nil {
		return err
	}
	say("%s, measured on %d problems of %s", p.Name, p.Problems.Count, p.Problems.Set)
	return printProfile(out, p)
}

type profilePutCmd struct {
	File   string `arg:"" type:"existingfile"`
	bucket `embed:""`
}

// Run puts a profile into the bucket and prints its key.
func (c *profilePutCmd) Run(ctx context.Context, out *output) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		key, err := profilekv.Put(ctx, js, c.Bucket, data)
		if err != nil {
			return err
		}
		return out.row(map[string]string{"key": key}, "%s", key)
	})
}

type profileListCmd struct {
	bucket `embed:""`
}

// Run prints a line for each profile in the bucket.
func (c *profileListCmd) Run(ctx context.Context, out *output) error {
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		all, err := profilekv.All(ctx, js, c.Bucket)
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(all)) {
			p, err := profile.Read(all[key])
			if err != nil {
				say("%s is not a valid profile: %v", key, err)
				continue
			}
			line := map[string]string{
				"key": key, "name": p.Name, "policy": p.Policy.Name, "verifier": p.Verifier.Name,
			}
			if err := out.row(line, "%s  %s with %s, %d problems of %s",
				key, p.Policy.Name, p.Verifier.Name, p.Problems.Count, p.Problems.Set); err != nil {
				return err
			}
		}
		return nil
	})
}

type profileDeleteCmd struct {
	Key    string `arg:"" help:"The key that profile list prints."`
	bucket `embed:""`
}

// Run deletes a profile from the bucket.
func (c *profileDeleteCmd) Run(ctx context.Context) error {
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		return profilekv.Delete(ctx, js, c.Bucket, c.Key)
	})
}
