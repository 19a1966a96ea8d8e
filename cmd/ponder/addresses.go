package main

// addresses holds the addresses of the services.
type addresses struct {
	PlannerAddr    string `help:"The planner's address." default:"127.0.0.1:7700" env:"PONDER_ADDR,PONDER_PLANNER_ADDR"`
	PolicyAddr     string `help:"The policy's address." default:"127.0.0.1:7701" env:"PONDER_POLICY_ADDR"`
	VerifierAddr   string `help:"The verifier's address." default:"127.0.0.1:7702" env:"PONDER_VERIFIER_ADDR"`
	DifficultyAddr string `help:"The difficulty service's address." default:"127.0.0.1:7703" env:"PONDER_DIFFICULTY_ADDR"`
}
