package main

import (
	"fmt"
	"net"
	"strconv"

	"github.com/ponder-mesh/ponder/reasoning"
)

// addresses holds the addresses of the services.
type addresses struct {
	Port           int    `help:"Port of the planner. The addresses that are not set follow it: policy, verifier and difficulty have the next three ports, and the pages of ponder dev the one 90 above." default:"7700"`
	PlannerAddr    string `help:"The planner's address." default:"127.0.0.1:7700" env:"PONDER_ADDR,PONDER_PLANNER_ADDR"`
	PolicyAddr     string `help:"The policy's address." default:"127.0.0.1:7701" env:"PONDER_POLICY_ADDR"`
	VerifierAddr   string `help:"The verifier's address." default:"127.0.0.1:7702" env:"PONDER_VERIFIER_ADDR"`
	DifficultyAddr string `help:"The difficulty service's address." default:"127.0.0.1:7703" env:"PONDER_DIFFICULTY_ADDR"`
}

// Ports of the planner and of the pages of ponder dev, unless flags set others.
const (
	plannerPort = 7700
	pagesPort   = 7790
)

// move moves the addresses that have their default ports, and those in others, to the ports that follow Port.
func (a *addresses) move(others ...*string) error {
	const most = 65535 - (pagesPort - plannerPort)
	if a.Port < 1 || a.Port > most {
		return usageError{reasoning.Invalid("--port", "must be 1 to %d, is %d", most, a.Port)}
	}
	for _, addr := range append(others, &a.PlannerAddr, &a.PolicyAddr, &a.VerifierAddr, &a.DifficultyAddr) {
		host, text, err := net.SplitHostPort(*addr)
		port, notNumber := strconv.Atoi(text)
		if err != nil || notNumber != nil || host != "127.0.0.1" || port < plannerPort || port > pagesPort {
			continue
		}
		*addr = net.JoinHostPort(host, fmt.Sprint(a.Port+port-plannerPort))
	}
	return nil
}
