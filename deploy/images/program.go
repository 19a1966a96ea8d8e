package main

// A Program is a binary and its image.
type Program struct {
	Name        string // of the binary and of its package's directory; the last part of the image's name
	Package     string // relative to Module
	Module      string // directory of the Go module, relative to the repository
	Title       string
	Description string
	Licenses    string   // an SPDX expression
	Ports       []string // that the image exposes
	Test        bool     // the image is for tests, and releases do not have it
}

// programs lists the programs with an image. Each service has an image of its own: a pod pulls,
// and a scanner finds, only what the pod runs. The pocket models are in the images of policy, verifier and the command.
var programs = []Program{
	{
		Name: "planner", Package: "./services/planner/cmd/planner", Module: ".",
		Title: "Ponder planner", Description: "Plans and runs searches of test-time compute",
		Licenses: "Apache-2.0", Ports: []string{"7700/tcp", "7790/tcp"},
	},
	{
		Name: "policy", Package: "./services/policy/cmd/policy", Module: ".",
		Title: "Ponder policy", Description: "Generates steps of solutions on a model engine, with a worker of the queue",
		Licenses: "Apache-2.0", Ports: []string{"7701/tcp", "7791/tcp"},
	},
	{
		Name: "verifier", Package: "./services/verifier/cmd/verifier", Module: ".",
		Title: "Ponder verifier", Description: "Scores steps of solutions with a reward model",
		Licenses: "Apache-2.0", Ports: []string{"7702/tcp", "7792/tcp"},
	},
	{
		Name: "difficulty", Package: "./services/difficulty/cmd/difficulty", Module: ".",
		Title: "Ponder difficulty service", Description: "Estimates the difficulty of problems",
		Licenses: "Apache-2.0", Ports: []string{"7703/tcp", "7793/tcp"},
	},
	{
		Name: "ponder", Package: "./cmd/ponder", Module: ".",
		Title: "Ponder command", Description: "The command line of Ponder, and all services in one process",
		Licenses: "Apache-2.0",
	},
	{ // the version that tools/go.mod pins, for test/images; deployments use NATS' own image
		Name: "nats-server", Package: "github.com/nats-io/nats-server/v2", Module: "tools",
		Title: "NATS server", Description: "NATS server, built for Ponder's tests",
		Licenses: "Apache-2.0", Ports: []string{"4222/tcp", "8222/tcp"}, Test: true,
	},
}
