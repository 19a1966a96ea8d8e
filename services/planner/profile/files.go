package profile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"
)

// Files loads profiles from files into a Store, and reloads them when the files change.
type Files struct {
	Store *Store
	Paths []string // files, and directories whose files *.json are read

	loaded map[string]content // by path
}

// content is the content of a file when it was last read, and why it is not a profile.
type content struct {
	data []byte
	err  error // nil if data is a profile
}

// Refresh reads files that are new or changed, and removes the profiles of files that no
// longer exist. It returns an error for each file that does not hold a profile, and keeps the
// previous profile of that file.
func (d *Files) Refresh() error {
	if d.loaded == nil {
		d.loaded = map[string]content{}
	}
	files, err := d.paths()
	errs := []error{err}
	gone := maps.Clone(d.loaded)
	for _, path := range files {
		delete(gone, path)
		data, err := os.ReadFile(path)
		if err == nil {
			err = d.load(path, data)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	for path := range gone {
		delete(d.loaded, path)
		d.Store.Remove(path)
	}
	return errors.Join(errs...)
}

// load stores the profile in data, unless the same data was read before. It returns why data
// is not a profile.
func (d *Files) load(path string, data []byte) error {
	if before, ok := d.loaded[path]; ok && bytes.Equal(data, before.data) {
		return before.err
	}
	p, err := Read(data)
	d.loaded[path] = content{data, err}
	if err == nil {
		d.Store.Put(path, p)
	}
	return err
}

// paths returns the paths of the files that exist.
func (d *Files) paths() (files []string, err error) {
	for _, path := range d.Paths {
		info, failed := os.Stat(path)
		switch {
		case errors.Is(failed, os.ErrNotExist) && d.loaded[path].data != nil: // a file that was removed
		case failed != nil:
			err = cmp.Or(err, fmt.Errorf("profile: %w", failed))
		case info.IsDir():
			inside, _ := filepath.Glob(filepath.Join(path, "*.json")) // fails for bad patterns only
			files = append(files, inside...)
		default:
			files = append(files, path)
		}
	}
	return files, err
}

// Follow calls Refresh at each interval until ctx ends. It reports an error only if it differs
// from that of the previous call.
func (d *Files) Follow(ctx context.Context, every time.Duration, report func(error)) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	before := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now := ""
		if err := d.Refresh(); err != nil {
			now = err.Error()
			if now != before {
				report(err)
			}
		}
		before = now
	}
}
