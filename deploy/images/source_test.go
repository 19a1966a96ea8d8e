package main

import (
	"os"
	"os/exec"
	"testing"
)

// A source is what was given, and else what the repository says.
func TestSource(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	epoch := func(key string) (string, bool) { return "1700000000", key == "SOURCE_DATE_EPOCH" }
	got, err := Source{Version: "v1.2.3", Revision: "abc"}.complete(t.Context(), t.TempDir(), epoch)
	if err != nil || got != source {
		t.Errorf("got %+v and %v, want %+v", got, err, source)
	}
	if _, err := (Source{Version: "v1.2.3", Revision: "abc"}).complete(t.Context(), t.TempDir(), none); err == nil {
		t.Error("a time without a repository and without SOURCE_DATE_EPOCH")
	}
	dir := t.TempDir()
	for _, args := range [][]string{
		{"init", "-q"},
		{"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "one"},
		{"tag", "v0.1.0"},
	} {
		command := exec.Command("git", args...)
		command.Dir, command.Env = dir, append(os.Environ(), "GIT_COMMITTER_DATE=1700000000 +0200")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	got, err = Source{}.complete(t.Context(), dir, none)
	if err != nil || got.Version != "v0.1.0" || len(got.Revision) != 40 || !got.Created.Equal(source.Created) {
		t.Errorf("got %+v and %v, want the tag, commit and time of the repository", got, err)
	}
}
