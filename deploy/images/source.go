package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A Source says what images are made from.
type Source struct {
	Version  string // of the product, such as v1.2.3
	Revision string // commit
	Created  time.Time
}

// complete fills in what is not set, from the repository in directory root. Created is
// SOURCE_DATE_EPOCH or the time of the commit: the time of the build would make every build
// another image.
func (s Source) complete(ctx context.Context, root string, env func(string) (string, bool)) (Source, error) {
	var errs []error
	or := func(value string, args ...string) string {
		if value != "" {
			return value
		}
		printed, err := git(ctx, root, args...)
		errs = append(errs, err)
		return printed
	}
	s.Version = or(s.Version, "describe", "--tags", "--always", "--dirty", "--match", "v[0-9]*")
	s.Revision = or(s.Revision, "rev-parse", "HEAD")
	if s.Created.IsZero() {
		epoch, ok := env("SOURCE_DATE_EPOCH")
		if !ok {
			epoch = or("", "log", "-1", "--format=%ct")
		}
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			errs = append(errs, fmt.Errorf("SOURCE_DATE_EPOCH or time of the commit: %w", err))
		}
		s.Created = time.Unix(seconds, 0).UTC()
	}
	return s, errors.Join(errs...)
}

// git returns what git prints.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	var stderr bytes.Buffer
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir, command.Stderr = dir, &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
