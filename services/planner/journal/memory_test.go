package journal_test

import (
	"testing"

	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/journal/journaltest"
)

func TestMemory(t *testing.T) { journaltest.Run(t, journal.NewMemory("planner-1")) }
