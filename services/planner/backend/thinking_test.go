package backend

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
)

func TestTemplateWithoutMarksIsRefused(t *testing.T) {
	for _, name := range []string{"steps", "pocket-line-v1", ""} {
		_, err := Thinking{Mode: ModeForce, Max: 8}.Format(reasoning.Model{Name: "m", Template: name})
		var rule *reasoning.InvalidError
		if !errors.As(err, &rule) || rule.Field != "thinking" || !strings.Contains(rule.Rule, "pocket-think-v1") ||
			!strings.Contains(rule.Rule, fmt.Sprintf("%q", name)) {
			t.Errorf("%q: got %v, want thinking refused, with the names of valid templates", name, err)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	for field, broken := range map[string][]Thinking{
		"thinking": {{Mode: ModeForce}},
		"thinking.mode": {
			{}, {Mode: 9, Max: 1}, {Mode: ModeReject, Max: 5, Waits: 1}, {Mode: ModeReject, Max: 5, EmptyWait: true},
			{Mode: ModeAdvise, Advice: AdviceLong, Min: 1},
		},
		"thinking.advice": {{Mode: ModeForce, Advice: 9}, {Mode: ModeAdvise, Max: 5}},
		"thinking.max_tokens": {
			{Mode: ModeForce, Max: -1}, {Mode: ModeForce, Max: 64}, {Mode: ModeReject},
			{Mode: ModeAdvise, Advice: AdviceTokens},
		},
		"thinking.min_tokens": {{Mode: ModeForce, Min: -1}, {Mode: ModeForce, Min: 64}, {Mode: ModeForce, Min: 9, Max: 8}},
		"thinking.waits":      {{Mode: ModeForce, Waits: -1}, {Mode: ModeForce, Waits: MaxWaits + 1}},
		"thinking.wait": {
			{Mode: ModeForce, Waits: 1, Wait: "\xff"},
			{Mode: ModeForce, Waits: 1, Wait: strings.Repeat("x", MaxWait+1)},
			{Mode: ModeForce, Max: 5, Wait: "Hmm"},
		},
		"thinking.empty_wait": {
			{Mode: ModeForce, Max: 5, EmptyWait: true}, {Mode: ModeForce, Waits: 1, Wait: "Hmm", EmptyWait: true},
		},
		"thinking.max_steps": {{Mode: ModeAdvise, Advice: AdviceSteps}, {Mode: ModeForce, Max: 5, Steps: 3}},
	} {
		for _, b := range broken {
			var rule *reasoning.InvalidError
			if err := b.Validate(64); !errors.As(err, &rule) || rule.Field != field || rule.Rule == "" {
				t.Errorf("%+v: got %v, want a rule for field %s", b, err, field)
			}
		}
	}
}
