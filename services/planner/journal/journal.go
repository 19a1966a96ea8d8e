// Package journal keeps a log of each search, which outlives the planner that runs the search.
//
// A planner appends what it decides and what it is answered; another planner, or the same one
// after a restart, reads the log and continues the search. The package knows nothing of what
// entries mean: a body is bytes. [Memory] keeps logs in memory, package journalstream in a
// JetStream stream; package journaltest has the tests that both pass.
package journal

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Journal holds logs. It is safe for concurrent use.
//
// Besides those of this package, its errors are of reasoning.ErrUnavailable (the journal cannot
// be reached: try again) or the error of a context that has ended.
type Journal interface {
	// Open returns the log of a search with the records that it has, in order; none if the
	// search has no log yet. It returns ErrCorrupt if the log is damaged, and ErrNewer
	// if this release cannot read it.
	Open(ctx context.Context, key Key) (Log, []Record, error)
	// Delete removes the log of a search. It is no error if there is none.
	Delete(ctx context.Context, key Key) error
	// List returns the keys of the logs of a tenant, in order, those of all tenants if tenant is
	// the zero Tenant.
	List(ctx context.Context, tenant Tenant) ([]Key, error)
}

// A Log is the log of a search, after the records with which Open returned it. It is not safe
// for concurrent use.
type Log interface {
	// Append writes entries, in order and after all entries of earlier Appends, as one record or
	// several. When it returns nil, they and those of earlier Appends are durable.
	//
	// After a transient error (reasoning.ErrUnavailable, ErrFull, or that of ctx) it is not known
	// whether the entries are in the log. The Log keeps them: the next Append, which may have no
	// entries, settles that first, so that every entry is written once. After ErrTooLarge nothing
	// was written, and the Log can be used. After any other error every Append returns that error.
	Append(ctx context.Context, entries ...Entry) error
}

// A Record is what one Append wrote, or a part of that.
type Record struct {
	Number  int64     // 1, 2, 3 and so on
	Writer  string    // name of the planner
	Time    time.Time // by the planner's clock, in UTC
	Entries []Entry
}

// An Entry is one decision of a search, or one result.
type Entry struct {
	Kind string // at most MaxKind bytes
	Body []byte // must not be changed after Append
}

// Limits of a log.
const (
	// MaxRecord is the maximum size of a record in bytes, everything included.
	MaxRecord = 256 << 10
	// MaxEntry is the maximum size of an entry's body in bytes. It leaves room for the rest of a
	// record.
	MaxEntry = MaxRecord - 1<<10
	// MaxKind is the maximum length of an entry's kind in bytes.
	MaxKind = 64
)

// Errors of a Journal.
var (
	// ErrFenced indicates that another planner has appended to the log: it runs the search now.
	ErrFenced = reasoning.NewError(reasoning.KindExists, "SEARCH_TAKEN_OVER", "another planner runs the search")
	// ErrFull indicates that the journal has no space. It passes when ended searches are deleted.
	ErrFull = reasoning.NewError(reasoning.KindExhausted, "JOURNAL_FULL", "the journal of searches is full")
	// ErrCorrupt indicates that a log was changed by something other than an Append.
	ErrCorrupt = reasoning.NewError(reasoning.KindInternal, "LOG_CORRUPT", "the log of the search is damaged")
	// ErrLost indicates that the log has lost records that were durable, or all of them.
	ErrLost = reasoning.NewError(reasoning.KindInternal, "LOG_LOST", "the log of the search is lost")
	// ErrNewer indicates that a newer release has written the log: leave it to a planner of that release.
	ErrNewer = reasoning.NewError(reasoning.KindPrecondition, "LOG_NEWER", "a newer release has written the log of the search")
	// ErrServer indicates a server that cannot keep the journal: it is too old, or its limits are too low.
	ErrServer = reasoning.NewError(reasoning.KindPrecondition, "JOURNAL_SERVER_UNSUITABLE", "the server cannot keep the journal")
	// ErrTooLarge indicates an entry that is larger than MaxEntry.
	ErrTooLarge = reasoning.NewError(reasoning.KindPrecondition, "JOURNAL_ENTRY_TOO_LARGE", "an entry is too large for the journal")
)

// CheckEntries returns ErrTooLarge for an entry that exceeds a limit.
func CheckEntries(entries []Entry) error {
	for _, e := range entries {
		if len(e.Kind) > MaxKind || len(e.Body) > MaxEntry {
			return fmt.Errorf("%w: kind %.64q has %d bytes, at most %d are allowed", ErrTooLarge, e.Kind, len(e.Body), MaxEntry)
		}
	}
	return nil
}

// A Tenant stands for a tenant in keys: a hash, since names of tenants may have any character.
type Tenant string

// TenantOf returns the Tenant of the tenant with this name.
func TenantOf(name string) Tenant {
	sum := sha256.Sum256([]byte(name))
	return Tenant(fmt.Sprintf("%x", sum[:8]))
}

// A Key identifies the log of a search.
type Key struct {
	Tenant Tenant
	Search string // its id: letters, digits, "-" and "_"
}

// KeyOf returns the key of a tenant's search.
func KeyOf(tenant, search string) Key { return Key{TenantOf(tenant), search} }

func (k Key) String() string { return string(k.Tenant) + "." + k.Search }
