package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/ponder-mesh/ponder/pocket"
)

type packCmd struct {
	In  string `arg:"" type:"existingfile" help:"A policy from train/export.py, or with --trunk a reward model's head from train/rewardmodel.py."`
	Out string `arg:"" help:"The GGUF file."`

	Trunk      string `type:"existingfile" help:"Make a reward model on the trunk of this policy's GGUF file."`
	Aggregator string `enum:"min,prod,last" default:"min" help:"With --trunk: the aggregator that is best on validation problems."`
}

func (c *packCmd) Run() error {
	in, err := os.ReadFile(c.In)
	if err != nil {
		return err
	}
	var file []byte
	if c.Trunk == "" {
		file, err = pocket.Pack(bytes.NewReader(in))
	} else {
		file, err = c.rewardModel(in)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, file, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", c.Out, len(file))
	return nil
}

func (c *packCmd) rewardModel(head []byte) ([]byte, error) {
	file, err := os.ReadFile(c.Trunk)
	if err != nil {
		return nil, err
	}
	var h pocket.Head
	if err := json.Unmarshal(head, &h); err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	h.Aggregator = c.Aggregator
	return pocket.PackRewardModel(file, h)
}
