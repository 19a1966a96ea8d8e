package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/profilekv"
)

type profileCmd struct {
	Show   profileShowCmd   `cmd:"" help:"Check a file, and print what it chose."`
	Put    profilePutCmd    `cmd:"" help:"Check a file, and have all planners follow it."`
	List   profileListCmd   `cmd:"" help:"List the profiles that planners follow."`
	Delete profileDeleteCmd `cmd:"" help:"Have planners follow a profile no more."`
}

// bucket is where the planners of a cluster find profiles.
type bucket struct {
	natsTarget `embed:""`
	Bucket     string `help:"Key-value bucket." default:"PROFILES"`
}

type profileShowCmd struct {
	File string `arg:"" type:"existingfile"`
}

// Run prints a profile's table.
func (c *profileShowCmd) Run(out *output) error {
	p, err := profile.Load(c.File)
	if err != nil {
		return err
	}
	say("%s, by %d problems of %s", p.Name, p.Problems.Count, p.Problems.Set)
	return printProfile(out, p)
}

type profilePutCmd struct {
	File   string `arg:"" type:"existingfile"`
	bucket `embed:""`
}

// Run puts a profile into the bucket.
func (c *profilePutCmd) Run(ctx context.Context) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		key, err := profilekv.Put(ctx, js, c.Bucket, data)
		if err == nil {
			fmt.Println(key)
		}
		return err
	})
}

type profileListCmd struct {
	bucket `embed:""`
}

// Run lists the bucket.
func (c *profileListCmd) Run(ctx context.Context, out *output) error {
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		all, err := profilekv.All(ctx, js, c.Bucket)
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(all)) {
			p, err := profile.Read(all[key])
			if err != nil {
				say("%s is no profile: %v", key, err)
				continue
			}
			if out.json {
				err = out.value(map[string]string{"key": key, "name": p.Name, "policy": p.Policy.Name, "verifier": p.Verifier.Name})
			} else {
				_, err = fmt.Printf("%s  %s with %s, %d problems of %s\n", key, p.Policy.Name, p.Verifier.Name, p.Problems.Count, p.Problems.Set)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type profileDeleteCmd struct {
	Key    string `arg:"" help:"As profile list has it."`
	bucket `embed:""`
}

// Run takes a profile out of the bucket.
func (c *profileDeleteCmd) Run(ctx context.Context) error {
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		return profilekv.Delete(ctx, js, c.Bucket, c.Key)
	})
}
