package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

type queueCmd struct {
	Show queueShowCmd `cmd:"" default:"withargs" help:"Show the settings, and the load and the workers of each model."`
	Set  queueSetCmd  `cmd:"" help:"Change settings. Services and workers follow at once; no job is lost."`
}

type queueShowCmd struct {
	natsTarget `embed:""`
}

// queueModel is one model's queue, as JSON.
type queueModel struct {
	Model string `json:"model"`
	policyqueue.Load
	Workers []queueWorker `json:"workers"`
}

// queueWorker is a worker, as JSON.
type queueWorker struct {
	Name     string `json:"name"`
	User     string `json:"nats_user,omitempty"`
	Version  string `json:"model_version,omitempty"`
	Template string `json:"template,omitempty"`
	Slots    int    `json:"slots"`
	State    string `json:"state"` // ready, not ready, draining
}

// Run prints what the queue is doing.
func (c *queueShowCmd) Run(ctx context.Context, out *output) error {
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		status, err := policyqueue.ReadStatus(ctx, js)
		if err != nil {
			return err
		}
		if err := printSettings(out, status.Settings, status.Written); err != nil {
			return err
		}
		for _, m := range status.Models {
			if err := printQueue(out, m); err != nil {
				return err
			}
		}
		return nil
	})
}

type queueSetCmd struct {
	natsTarget `embed:""`
	Partitions *int `help:"Partitions that searches are spread over and workers share: 1 for one worker, else 32 or more."`
	Cap        *int `help:"Most children of one job."`
}

// Run changes the settings that are given and leaves the others.
func (c *queueSetCmd) Run(ctx context.Context, out *output) error {
	if c.Partitions == nil && c.Cap == nil {
		return usageError{fmt.Errorf("nothing to set: give --partitions or --cap")}
	}
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		settings, _, err := policyqueue.ReadSettings(ctx, js)
		if err != nil {
			return err
		}
		if c.Partitions != nil {
			settings.Partitions = *c.Partitions
		}
		if c.Cap != nil {
			settings.Cap = *c.Cap
		}
		if err := policyqueue.WriteSettings(ctx, js, settings); err != nil {
			return err
		}
		return printSettings(out, settings, true)
	})
}

func printSettings(out *output, s protocol.Settings, written bool) error {
	if out.json {
		return out.value(map[string]any{"partitions": s.Partitions, "cap": s.Cap, "default": !written})
	}
	origin := ""
	if !written {
		origin = "  (defaults)"
	}
	_, err := fmt.Printf("partitions %d, cap %d%s\n", s.Partitions, s.Cap, origin)
	return err
}

func printQueue(out *output, m policyqueue.ModelStatus) error {
	workers := make([]queueWorker, 0, len(m.Workers))
	var lines strings.Builder
	for _, a := range m.Workers {
		w := queueWorker{
			Name: a.Name, User: a.NATSUser, Version: a.Model.Version, Template: a.Model.Template, Slots: a.Slots, State: "ready",
		}
		switch {
		case a.Draining:
			w.State = "draining"
		case !a.Ready:
			w.State = "not ready"
		}
		workers = append(workers, w)
		fmt.Fprintf(&lines, "  %-24s %4d slots  %s\n", w.Name, w.Slots, w.State)
	}
	if out.json {
		return out.value(queueModel{m.Model, m.Load, workers})
	}
	_, err := fmt.Printf("%s: %d jobs queued, %d running, %d workers\n%s",
		m.Model, m.Load.Queued, m.Load.Running, len(workers), lines.String())
	return err
}
