package main

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestBadValuesAreRefusedByName(t *testing.T) {
	c := chartOf(t)
	for _, test := range []struct{ values, want string }{
		{"modle: pocket-0.3m", "modle"},
		{"model: a b", "model"},
		{"policy: {replicas: many}", "policy/replicas"},
		{"policy: {replicas: 0}", "policy/replicas"},
		{"policy: {engine: tgi}", "policy/engine"},
		{"policy: {slots: 1.5}", "policy/slots"},
		{"policy: {vllm: {gpus: 0.5}}", "policy/vllm/gpus"},
		{"policy: {vllm: {modelCache: {size: 50}}}", "policy/vllm/modelCache/size"},
		{"policy: {template: chatml}", "policy/template"},
		{"nats: {replicas: 2}", "nats/replicas"},
		{"nats: {url: 'http://nats:4222'}", "nats/url"},
		{"lameDuckSeconds: -1", "lameDuckSeconds"},
		{"stopTimeoutSeconds: 10", "stopTimeoutSeconds"},
		{"planner: {timeout: ten minutes}", "planner/timeout"},
		{"planner: {resources: {requests: {memory: lots}}}", "planner/resources/requests/memory"},
		{"collector: {endpoint: 'https://otlp.example'}", "collector/endpoint"},
		{"networkPolicy: {clients: [{pods: {}}]}", "networkPolicy/clients/0"},
		{"image: {digests: {planner: latest}}", "image/digests/planner"},

		{"planner: {replicas: 2}", "planner.replicas: must be 1, is 2: searches live in the memory of one planner"},
		{"policy: {engine: server}", "policy.server.url: must not be empty when policy.engine is server"},
		{"verifier: {engine: vllm}", "verifier.family: must be the format of the reward model when verifier.engine is vllm"},
		{"verifier: {engine: server, family: rlhflow}", "verifier.server.url: must not be empty"},
		{"nats: {enabled: false}", "nats.url: must be the URL of an existing NATS when nats.enabled is false"},
		{"{keda: {enabled: true}, nats: {enabled: false, url: 'nats://other:4222'}}", "keda.enabled: needs nats.enabled"},
		{"keda: {enabled: true, minReplicas: 9}", "keda.minReplicas: must not exceed keda.maxReplicas, 8, is 9"},
	} {
		t.Run(test.values, func(t *testing.T) {
			var values map[string]any
			if err := yaml.Unmarshal([]byte(test.values), &values); err != nil {
				t.Fatal(err)
			}
			_, err := render(c, values)
			if err == nil {
				t.Fatal("rendered")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v: does not contain %q", err, test.want)
			}
		})
	}
}
