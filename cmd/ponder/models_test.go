package main

import (
	"strings"
	"testing"
)

// A setting of models that would have no effect is refused, with its variable and the remedy.
func TestModelSettingsWithoutEffectAreRefused(t *testing.T) {
	const url = "--policy-url http://127.0.0.1:1/v1 --policy-model m"
	for line, want := range map[string]string{
		"":                                   "",
		"--policy-pocket pocket-0.1m":        "",
		"--policy-slots 4":                   "",
		url + " --policy-template think":     "",
		url + " --verifier-pocket none":      "",
		"--policy-model x":                   "--policy-model (PONDER_POLICY_MODEL): has no effect without --policy-url (PONDER_POLICY_URL): add it",
		"--policy-template think":            "--policy-template",
		"--policy-dialect vllm":              "--policy-dialect",
		"--policy-parameters 7":              "--policy-parameters",
		url + " --policy-pocket pocket-0.3m": "--policy-pocket (PONDER_POLICY_POCKET): has no effect with --policy-url",
		"--verifier-model x":                 "--verifier-model (PONDER_VERIFIER_MODEL): has no effect without --verifier-url",
		"--verifier-family rlhflow":          "--verifier-family",
		"--verifier-aggregator min":          "--verifier-aggregator",
		url + " --verifier-model x":          "--verifier-model",
		"--verifier-url http://127.0.0.1:1/v1 --verifier-pocket pocket-prm --verifier-model m --verifier-family rlhflow": "--verifier-pocket",
	} {
		var c cli
		parser, err := newParser(&c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(strings.Fields("dev " + line)); err != nil {
			t.Fatal(err)
		}
		models, err := c.Dev.open()
		if err == nil {
			if err := models.close(); err != nil {
				t.Error(err)
			}
		}
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("dev %s: got %v, want %q in it", line, err, want)
		}
	}
}
