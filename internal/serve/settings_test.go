package serve

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"
)

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		addr string
		url  string
		err  string
	}{
		"defaults":          {nil, nil, "127.0.0.1:7702", "nats://a", ""},
		"flags":             {[]string{"--addr", ":1", "-nats-url=b"}, nil, ":1", "b", ""},
		"environment":       {nil, map[string]string{"PONDER_VERIFIER_ADDR": ":2", "PONDER_VERIFIER_NATS_URL": "c"}, ":2", "c", ""},
		"all programs' one": {nil, map[string]string{"PONDER_NATS_URL": "d"}, "127.0.0.1:7702", "d", ""},
		"its own wins":      {nil, map[string]string{"PONDER_NATS_URL": "d", "PONDER_VERIFIER_NATS_URL": "c"}, "127.0.0.1:7702", "c", ""},
		"flags win":         {[]string{"-addr", ":1"}, map[string]string{"PONDER_VERIFIER_ADDR": ":2"}, ":1", "nats://a", ""},
		"another service's": {nil, map[string]string{"PONDER_ADDR": ":2", "PONDER_POLICY_ADDR": ":3"}, "127.0.0.1:7702", "nats://a", ""},
		"unknown flag":      {[]string{"-adr", ":1"}, nil, "", "", "-adr"},
		"bad variable":      {nil, map[string]string{"PONDER_VERIFIER_STOP_TIMEOUT": "soon"}, "", "", "PONDER_VERIFIER_STOP_TIMEOUT"},
		"an argument":       {[]string{"serve"}, nil, "", "", "flags only"},
		"help":              {[]string{"-h"}, nil, "", "", "help"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSettings("verifier", 7702, 7792, time.Minute)
			var said strings.Builder
			s.SetOutput(&said)
			var config struct {
				URL   string `name:"nats-url" default:"nats://a" env:"PONDER_NATS_URL"`
				Model string `name:"verifier-model" env:"PONDER_VERIFIER_MODEL"`
			}
			s.Fields(&config)
			url := &config.URL
			err := s.Parse(c.args, func(key string) (string, bool) { v, ok := c.env[key]; return v, ok })
			switch {
			case c.err == "" && (err != nil || s.Addr != c.addr || *url != c.url):
				t.Errorf("got %v, %q and %q, want %q and %q", err, s.Addr, *url, c.addr, c.url)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("got %v, want %q in it", err, c.err)
			case c.err != "" && said.Len() == 0:
				t.Error("nothing is printed")
			case errors.Is(err, flag.ErrHelp) != (s.exit(err) == 0):
				t.Errorf("%v exits with %d", err, s.exit(err))
			}
			if c.err == "help" && !strings.Contains(said.String(), "PONDER_VERIFIER_NATS_URL or PONDER_NATS_URL, default nats://a") {
				t.Errorf("help does not tell the variables and the default:\n%s", &said)
			}
			if c.err == "-adr" && !strings.HasSuffix(said.String(), "did you mean -addr? see verifier -h\n") || strings.Count(said.String(), "\n") > 2 && c.err != "help" {
				t.Errorf("an error is followed by %q, want the nearest flag, and no list of all", &said)
			}
			if c.err == "help" && !strings.Contains(said.String(), "(PONDER_VERIFIER_MODEL)") {
				t.Errorf("a flag that begins with the service's name repeats it in the variable:\n%s", &said)
			}
		})
	}
}

func TestFields(t *testing.T) {
	var c struct {
		URL   string `name:"url" default:"a" help:"where"`
		Slots int    `name:"slots" default:"16"`
		Size  int64  `name:"size"`
		Solo  bool   `name:"solo"`
		Other time.Duration
	}
	s := NewSettings("policy", 7701, 7791, 0)
	s.Fields(&c)
	env := map[string]string{"PONDER_POLICY_SOLO": "true"}
	if err := s.Parse([]string{"-size", "5"}, func(key string) (string, bool) { v, ok := env[key]; return v, ok }); err != nil {
		t.Fatal(err)
	}
	if c.URL != "a" || c.Slots != 16 || c.Size != 5 || !c.Solo {
		t.Errorf("got %+v, want a, 16, 5, true", c)
	}
}
