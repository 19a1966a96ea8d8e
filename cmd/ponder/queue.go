package main

import (
	"context"
	"errors"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

type queueCmd struct {
	Show queueShowCmd `cmd:"" default:"withargs" help:"Show the settings, and the load and the workers of each model."`
	Set  queueSetCmd  `cmd:"" help:"Change settings. Services and workers follow at once; no job is lost."`

	Forget queueForgetCmd `cmd:"" help:"Forget what a model could do whose workers are gone: searches for it are then accepted, whatever they need."`
}

type queueShowCmd struct {
	natsTarget `embed:""`
}

// A queueModel is one model's queue in JSON.
type queueModel struct {
	Model string `json:"model"`
	policyqueue.Load
	Workers []queueWorker `json:"workers"`
	Last    *queueWorker  `json:"last,omitempty"` // of the model's last announcement, if no worker lives
}

// A queueWorker is a worker in JSON.
type queueWorker struct {
	Name     string   `json:"name"`
	User     string   `json:"nats_user,omitempty"`
	Version  string   `json:"model_version,omitempty"`
	Template string   `json:"template,omitempty"`
	Slots    int      `json:"slots"`
	State    string   `json:"state"`            // ready, not ready, draining, gone
	Reason   string   `json:"reason,omitempty"` // of a worker that takes no jobs
	Lacks    []string `json:"lacks,omitempty"`  // capabilities that the worker does not have
}

// describe returns the state with its reason.
func (w queueWorker) describe() string {
	if w.Reason == "" {
		return w.State
	}
	return w.State + ": " + w.Reason
}

// Run prints the settings of the queue, and the load and workers of each model.
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
	Partitions *int `help:"Partitions that searches are spread over and workers share: 1 for one worker, otherwise 32 or more."`
	Cap        *int `help:"Maximum children of one job."`
}

// Run changes the settings that the flags name.
func (c *queueSetCmd) Run(ctx context.Context, out *output) error {
	if c.Partitions == nil && c.Cap == nil {
		return usageError{errors.New("no setting given: use --partitions or --cap")}
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

// printSettings prints settings, and whether they are the defaults.
func printSettings(out *output, s protocol.Settings, written bool) error {
	origin := ""
	if !written {
		origin = "  (defaults)"
	}
	return out.row(map[string]any{"partitions": s.Partitions, "cap": s.Cap, "default": !written},
		"partitions %d, cap %d%s", s.Partitions, s.Cap, origin)
}

// printQueue prints the load and the workers of one model.
func printQueue(out *output, m policyqueue.ModelStatus) error {
	workers := make([]queueWorker, 0, len(m.Workers))
	for _, a := range m.Workers {
		w := newQueueWorker(a)
		switch {
		case a.Draining:
			w.State = "draining"
		case !a.Ready:
			w.State = "not ready"
		}
		workers = append(workers, w)
	}
	model := queueModel{Model: m.Model, Load: m.Load, Workers: workers}
	shown := workers
	if len(workers) == 0 && m.Last != nil {
		last := newQueueWorker(*m.Last)
		last.State = "gone, its announcement holds until another worker starts: ponder queue forget " + m.Model + " removes it"
		shown = []queueWorker{last}
		last.State = "gone"
		model.Last = &last
	}
	err := out.row(model, "%s: %d jobs queued, %d running, %d workers", m.Model, m.Load.Queued, m.Load.Running, len(workers))
	for _, w := range shown {
		lacks := ""
		if len(w.Lacks) > 0 {
			lacks = "; " + strings.Join(w.Lacks, "; ")
		}
		err = errors.Join(err, out.line("  %-24s %4d slots  %s%s", w.Name, w.Slots, w.describe(), lacks))
	}
	return err
}

// newQueueWorker returns a worker that is ready.
func newQueueWorker(a protocol.Announcement) queueWorker {
	return queueWorker{
		Name: a.Name, User: a.NATSUser, Version: a.Model.Version, Template: a.Model.Template,
		Slots: a.Slots, State: "ready", Reason: a.Reason, Lacks: a.Capabilities.Lacks(),
	}
}

type queueForgetCmd struct {
	natsTarget `embed:""`
	Model      string `arg:"" help:"Name of the model."`
}

// Run removes the last announcement of a model.
func (c *queueForgetCmd) Run(ctx context.Context, out *output) error {
	return c.do(ctx, func(ctx context.Context, js jetstream.JetStream) error {
		if err := policyqueue.Forget(ctx, js, c.Model); err != nil {
			return err
		}
		return out.row(map[string]any{"forgotten": c.Model}, "forgot what %s could do", c.Model)
	})
}
