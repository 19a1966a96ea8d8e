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

// A Directory puts the profiles of files on a shelf, and follows the files as they change.
type Directory struct {
	Shelf *Shelf
	Paths []string // files, and directories whose files *.json are read

	read map[string][]byte // what each file held when it was read
}

// Refresh reads files that are new or changed, and removes the profiles of files that are
// gone. If a file does not hold a profile, its former profile stays and Refresh returns an
// error.
func (d *Directory) Refresh() error {
	if d.read == nil {
		d.read = map[string][]byte{}
	}
	files, err := d.files()
	errs := []error{err}
	gone := maps.Clone(d.read)
	for _, path := range files {
		delete(gone, path)
		data, err := os.ReadFile(path)
		if err == nil && bytes.Equal(data, d.read[path]) {
			continue
		}
		var p *Profile
		if err == nil {
			d.read[path] = data
			p, err = Read(data)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
			continue
		}
		d.Shelf.Put(path, p)
	}
	for path := range gone {
		delete(d.read, path)
		d.Shelf.Put(path, nil)
	}
	return errors.Join(errs...)
}

// files returns the paths of the files that exist.
func (d *Directory) files() (files []string, err error) {
	for _, path := range d.Paths {
		info, failed := os.Stat(path)
		switch {
		case errors.Is(failed, os.ErrNotExist) && d.read[path] != nil: // it was there: gone
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

// Follow refreshes again and again until ctx ends. It reports an error once, until it is
// another or gone.
func (d *Directory) Follow(ctx context.Context, every time.Duration, report func(error)) {
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
