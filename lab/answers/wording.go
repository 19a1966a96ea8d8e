// Package answers measures how answers are found in texts and graded: reference answers in many wordings and
// notations, and wrong answers by construction.
package answers

import "strings"

// A Wording is a way to write an answer: %s stands for the answer, in a text or alone.
type Wording struct{ Name, Text string }

// in returns the wording of an answer.
func (w Wording) in(answer string) string { return strings.ReplaceAll(w.Text, "%s", answer) }

// Wordings are ends of solutions: answers in boxes, after cues in several languages and without any.
func Wordings() []Wording {
	return []Wording{
		{"box", `Therefore the value is $\boxed{%s}$.`},
		{"box, and a sentence with a number", `So we get $\boxed{%s}$. (We used 3 steps.)`},
		{"display box", "Adding both,\n\\[\n\\boxed{%s}\n\\]\n"},
		{"two boxes of the same", `First $\boxed{%s}$, and again: $\boxed{%s}$`},
		{"box after thinking", "<think>It may be $\\boxed{7}$ or 12.</think>\n\n$\\boxed{%s}$"},
		{"box, cut off", `Hence the answer: $\boxed{%s`},
		{"box with a stop token", `So $\boxed{%s}$<|im_end|>`},
		{"the answer is", `There are 12 cases. The answer is $%s$.`},
		{"the final answer is, with a hope", `The final answer is $%s$. I hope it is correct.`},
		{"the answer is, display", "The answer is:\n\n\\[\n%s\n\\]\n"},
		{"the answer is, double dollars", "The answer is\n\n$$\n%s\n$$"},
		{"the answer is, parentheses", `Thus, the answer is \(%s\).`},
		{"the answer is therefore", `In 4 steps we see that the answer is therefore $%s$, as required.`},
		{"Answer:", "We simplify.\n\nAnswer: $%s$"},
		{"bold Answer:", "We simplify.\n\n**Answer:** $%s$"},
		{"bold Answer, colon outside", "We simplify.\n\n**Answer**: $%s$"},
		{"bold Final Answer as a heading", "2 cases remain.\n\n**Final Answer**\n\n$%s$"},
		{"heading", "2 cases remain.\n\n### Answer\n\n$%s$\n"},
		{"heading, final, display", "2 cases remain.\n\n## Final Answer\n\\[%s\\]\n"},
		{"Answer =", `Answer = $%s$`},
		{"tag", "Two cases.\n<answer>%s</answer>"},
		{"tag with dollars", "Two cases.\n<answer> $%s$ </answer>"},
		{"hashes", "2+2=4\n#### %s"},
		{"last formula", `After 12 steps we get $%s$.`},
		{"last display", "After 12 steps we get\n\\[\n%s.\n\\]"},
		{"final answer, a sentence", `Final Answer: the quantity that we want is $%s$.`},
		{"correct answer", `So the correct answer is $%s$, which is the 3rd candidate.`},
		{"Korean", `따라서 3단계 끝에 정답은 $%s$입니다.`},
		{"Korean, colon", "계산하면 12단계입니다.\n\n답: $%s$"},
		{"Korean, final", `최종 답은 $%s$이다.`},
		{"Korean, box", `따라서 답은 $\boxed{%s}$입니다.`},
		{"Chinese", `经过3步，答案是 $%s$。`},
		{"Chinese, final", "所以最终答案：$%s$"},
		{"Japanese", `よって、答えは $%s$ です。`},
		{"Spanish", `En 3 pasos, la respuesta es $%s$.`},
		{"French", `En 3 étapes, la réponse est $%s$.`},
		{"German", `In 3 Schritten: Die Antwort lautet $%s$.`},
		{"Italian", `In 3 passi, la risposta è $%s$.`},
		{"Portuguese", `Em 3 passos, a resposta é $%s$.`},
		{"Russian", `За 3 шага. Ответ: $%s$.`},
	}
}

// Notations are ways to write an answer alone that do not change it.
func Notations() []Wording {
	return []Wording{
		{"dollars", `$%s$`}, {"parentheses", `\(%s\)`}, {"brackets", `\[%s\]`}, {"box", `\boxed{%s}`}, {"full stop", `%s.`},
		{"space", ` %s `}, {"braces", `{%s}`}, {"display style", `\displaystyle %s`}, {"equals", `= %s`}, {"stop token", `%s<|im_end|>`}, {"bold", `**%s**`},
		{"dollars, bold", `**$%s$**`}, {"two backslashes", `%s`},
	}
}
