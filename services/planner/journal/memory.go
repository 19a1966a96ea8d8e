package journal

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// A Memory is a Journal in memory: it ends with its process.
type Memory struct {
	writer string

	mu   sync.Mutex
	logs map[Key][]Record
}

// NewMemory returns an empty Journal in which this planner writes.
func NewMemory(writer string) *Memory { return &Memory{writer: writer, logs: map[Key][]Record{}} }

// Open implements Journal.
func (m *Memory) Open(ctx context.Context, key Key) (Log, []Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	records := slices.Clone(m.logs[key])
	return &memoryLog{journal: m, key: key, records: len(records)}, records, nil
}

// Delete implements Journal.
func (m *Memory) Delete(ctx context.Context, key Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.logs, key)
	return ctx.Err()
}

// List implements Journal.
func (m *Memory) List(ctx context.Context, tenant Tenant) ([]Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []Key
	for key := range m.logs {
		if tenant == "" || key.Tenant == tenant {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, CompareKeys)
	return keys, ctx.Err()
}

// CompareKeys orders keys by tenant and then by search.
func CompareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Search, b.Search))
}

// A memoryLog is the Log of a Memory.
type memoryLog struct {
	journal *Memory
	key     Key
	records int // that the log has as far as this Log knows
	err     error
}

// Append implements Log. It waits for nothing, so that ctx has no effect.
func (l *memoryLog) Append(_ context.Context, entries ...Entry) error {
	if l.err != nil {
		return l.err
	}
	if err := CheckEntries(entries); err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	l.journal.mu.Lock()
	defer l.journal.mu.Unlock()
	records := l.journal.logs[l.key]
	switch {
	case len(records) > l.records:
		l.err = ErrFenced
	case len(records) < l.records:
		l.err = ErrLost
	default:
		l.records++
		r := Record{Number: int64(l.records), Writer: l.journal.writer, Time: time.Now().UTC(), Entries: slices.Clone(entries)}
		l.journal.logs[l.key] = append(records, r)
	}
	return l.err
}
