package serve

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Settings holds the flags of a service. Each can also be set by an environment variable,
// such as -nats-url of the planner by PONDER_PLANNER_NATS_URL; the command line wins. The
// ponder command reads the same variables.
type Settings struct {
	*flag.FlagSet    // also has the flags of the service itself
	Addr             string
	MetricsAddr      string
	LameDuck         time.Duration
	StopTimeout      time.Duration
	MaxConnectionAge time.Duration
	TraceFile        string
	PprofAddr        string
	LogLevel         slog.LevelVar // may change while the service logs
	Version          bool          // print the version instead of serving

	shared map[string]string // variables that other programs read too, by the flag; a variable of the flag wins
}

// NewSettings returns the settings of a service that listens on loopback ports. A
// connection is closed after age, so that clients rebalance onto new pods; an age
// of 0 keeps connections open, for services with long streams.
func NewSettings(name string, port, metricsPort int, age time.Duration) *Settings {
	s := &Settings{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), shared: map[string]string{}}
	s.StringVar(&s.Addr, "addr", fmt.Sprintf("127.0.0.1:%d", port), "`host:port` to serve gRPC on")
	s.StringVar(&s.MetricsAddr, "metrics-addr", fmt.Sprintf("127.0.0.1:%d", metricsPort),
		"`host:port` of /metrics, /readyz and /livez; empty: none")
	s.DurationVar(&s.LameDuck, "lame-duck", 0,
		"`time` in which a service that stops and is not ready goes on accepting requests: until balancers know it")
	s.DurationVar(&s.StopTimeout, "stop-timeout", 25*time.Second,
		"`time` for requests in flight to finish when the service stops")
	s.DurationVar(&s.MaxConnectionAge, "max-connection-age", age,
		"`time` after which clients must reconnect, and find new pods; 0: never")
	s.StringVar(&s.TraceFile, "trace-file", "", "also write spans to this `file`")
	s.Var(&logLevel{&s.LogLevel}, "log-level", "least `level` of the log: debug, info, warn or error")
	s.StringVar(&s.PprofAddr, "pprof-addr", "", "loopback `host:port` to serve profiles at /debug/pprof/ on; empty: none")
	s.BoolVar(&s.Version, "version", false, "print the version and exit")
	s.Usage = func() {} // Parse prints it where it is asked for, and not with each error
	return s
}

// Parse sets the settings from the environment and then from args.
func (s *Settings) Parse(args []string, env func(string) (string, bool)) error {
	var errs []error
	s.VisitAll(func(f *flag.Flag) {
		for _, name := range s.variables(f) {
			value, ok := env(name)
			if !ok {
				continue
			}
			if err := s.Set(f.Name, value); err != nil {
				errs = append(errs, fmt.Errorf("%s=%q: %w", name, value, err))
			}
			break
		}
	})
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(s.Output(), err)
		return err
	}
	if err := s.FlagSet.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			s.usage()
		} else { // which package flag has printed
			fmt.Fprintf(s.Output(), "%ssee %s -h\n", s.nearest(err), s.Name())
		}
		return err
	}
	if s.NArg() > 0 {
		err := fmt.Errorf("%s takes flags only, not %q", s.Name(), s.Arg(0))
		fmt.Fprintln(s.Output(), err)
		return err
	}
	return nil
}

// nearest returns the flag with the name that is nearest to that of an unknown flag, as a question, or "".
func (s *Settings) nearest(err error) string {
	name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return ""
	}
	var names []string
	s.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return fmt.Sprintf("did you mean -%s? ", nearestOf(strings.TrimPrefix(name, "-"), names))
}

// exit returns the exit code for an error of Parse, which has printed it.
func (s *Settings) exit(err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	return 2
}

// variables returns the names of the environment variables of a flag. The first that is set counts.
func (s *Settings) variables(f *flag.Flag) []string {
	names := []string{variable(s.Name(), f.Name)}
	if name := s.shared[f.Name]; name != "" && name != names[0] {
		names = append(names, name)
	}
	return names
}

// unknown returns a message for each PONDER_ variable of an environment that no program reads.
func (s *Settings) unknown(environ []string) []string {
	var known []string
	s.VisitAll(func(f *flag.Flag) { known = append(known, s.variables(f)...) })
	others := slices.DeleteFunc(slices.Clone(Services), func(name string) bool { return name == s.Name() })
	return UnknownVariables(environ, known, others)
}

func (s *Settings) usage() {
	fmt.Fprintf(s.Output(), "Usage: %s [flags]\n\n", s.Name())
	s.VisitAll(func(f *flag.Flag) {
		kind, text := flag.UnquoteUsage(f)
		fmt.Fprintf(s.Output(), "  -%s %s\n    \t%s (%s", f.Name, kind, text, strings.Join(s.variables(f), " or "))
		if f.DefValue != "" {
			fmt.Fprintf(s.Output(), ", default %s", f.DefValue)
		}
		fmt.Fprintln(s.Output(), ")")
	})
}
