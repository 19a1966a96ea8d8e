package answer

import "testing"

func TestKinds(t *testing.T) {
	options := "Which is blue?\n(A) grass\n(B) the sky\n(C) snow"
	for _, tt := range []struct {
		kind                Kind
		problem, text, want string // want is the key of the answer
	}{
		{KindNumber, "", "We choose option B, so the answer is 12 apples.", "12"},
		{KindExpression, "", "The answer is $x^2+1$.", "1+x^2"},
		{KindChoice, options, "Grass is green, so (B).", "B"},
		{KindChoice, options, "The answer is the sky.", "B"},
		{KindAuto, options, "The answer is the sky.", "B"},
		{KindAuto, options, "The answer is (B) the sky.", "B"},
		{KindText, "", "The answer is The Old Man, and the Sea.", "old man and the sea"},
		{KindText, "", "I think\nParis", "paris"},
		{KindCode, "", "Here it is:\n```go\nfmt.Println(1)\n```\nDone.", "fmt.Println(1)"},
		{KindCode, "", "```\na  \n\nb\n```", "a\nb"},
	} {
		q := Of(tt.kind, tt.problem)
		got, ok := q.Extract(tt.text)
		if key := q.Key(got); !ok || key != tt.want {
			t.Errorf("%v: Extract(%q) = %q with the key %q, want %q", tt.kind, tt.text, got, key, tt.want)
		}
	}
	for _, name := range append(KindNames(), "") {
		if k, err := ParseKind(name); err != nil || name != "" && k.String() != name {
			t.Errorf("ParseKind(%q) = %v, %v", name, k, err)
		}
	}
	if _, err := ParseKind("poem"); err == nil {
		t.Error("poem is a kind")
	}
}
