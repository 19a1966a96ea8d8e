package template

import (
	"fmt"
	"strings"
)

var registry = []Template{
	// The format that the pocket models are trained on.
	{
		Name: "pocket", Delimiter: "\n", after: "\n", ended: answerLine,
		attempts: concatenated, BareAttempts: true,
	},

	// The same with thinking: calculations, a line "#", and the answer. After "Wait" the
	// model checks the calculations.
	{
		Name: "pocket-think-v1", Delimiter: "\n", after: "\n", ended: answerLine,
		attempts: concatenated, BareAttempts: true,
		Thinking: Thinking{End: "#\n", Answer: "A:", Wait: "Wait\n"},
	},

	// The same format for models that are not trained on it, with an instruction and
	// examples.
	{
		Name: "pocket-fewshot-v2", Delimiter: "\n",
		before: pocketTask + examples("", "\n", pocketShots), after: "\n", ended: answerLine,
		attempts: titled("\nSolutions that may be wrong:\n", "\nA better solution:"),
	},

	// Grade-school problems, one sentence per line, with examples in the manner of Wei
	// et al. 2022 (arXiv 2201.11903, table 20), not with their text.
	{
		Name: "gsm8k-fewshot", Delimiter: "\n",
		before: examples("Question: ", "\nAnswer:\n", gsm8kShots) + "Question: ", after: "\nAnswer:\n", ended: sentenceAnswer,
		attempts: titled("\nEarlier answers, which may be wrong:\n", "\nA better answer follows."),
	},

	// Instruct models, with a paragraph as step, through the server's chat markup. The
	// markup of some servers trims the text to continue; for models that use ChatML,
	// steps-chatml keeps every byte.
	{Name: "steps", Delimiter: "\n\n", Chat: true, system: stepByStep, attempts: numbered},
	{
		Name: "steps-chatml", Delimiter: "\n\n",
		before: "<|im_start|>system\n" + stepByStep + "<|im_end|>\n<|im_start|>user\n",
		after:  "<|im_end|>\n<|im_start|>assistant\n", attempts: numbered,
	},

	// Models that think between tags, such as QwQ, Qwen3 and distillates of DeepSeek-R1
	// in ChatML.
	{
		Name: "think-chatml", Delimiter: "\n\n",
		before:   "<|im_start|>user\n",
		after:    "\n" + stepByStep + "<|im_end|>\n<|im_start|>assistant\n<think>\n",
		attempts: numbered,
		Thinking: Thinking{End: "</think>\n", Answer: "\nFinal Answer:", Wait: "Wait", Strip: []string{"<|im_end|>"}},
	},

	// The same models through the server's chat markup. The server must send the thinking,
	// in its own field or in the text, and continue an assistant's turn that has begun.
	{
		Name: "think", Delimiter: "\n\n", Chat: true, after: "\n" + stepByStep, attempts: numbered,
		Thinking: Thinking{
			Begin: "<think>\n", End: "</think>\n", Answer: "\nFinal Answer:", Wait: "Wait", Strip: []string{"<|im_end|>"},
		},
	},

	// s1, in the format of its training data (Muennighoff et al. 2025, arXiv 2501.19393).
	{
		Name: "s1", Delimiter: "\n\n",
		before: "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n" +
			"<|im_start|>user\n",
		after:    "<|im_end|>\n<|im_start|>assistant\n<|im_start|>think\n",
		attempts: numbered,
		Thinking: Thinking{
			End: "<|im_start|>answer\n", Answer: "Final Answer:", Wait: "Wait", Strip: []string{"<|im_end|>", "<|im_start|>"},
		},
	},
}

// concatenated formats attempts as the training data of revisers does: problem,
// attempts, new attempt.
func concatenated(attempts []string) string { return "\n" + lines(attempts) }

// titled formats attempts for few-shot models: a title, the attempts, and the title of
// the next solution.
func titled(title, next string) func([]string) string {
	return func(attempts []string) string { return title + lines(attempts) + next }
}

// numbered formats attempts for instruct models, with a request to revise them.
func numbered(attempts []string) string {
	var b strings.Builder
	b.WriteString("\n\nHere are previous attempts at this problem, oldest first. They may be wrong.\n")
	for i, a := range attempts {
		fmt.Fprintf(&b, "\nAttempt %d:\n%s\n", i+1, strings.TrimRight(a, "\n"))
	}
	b.WriteString("\nFind what is wrong in them, if anything, and write a better solution of the problem.")
	return b.String()
}

// lines joins texts, stripped of trailing newlines, with a newline between them.
func lines(texts []string) string {
	var all []string
	for _, s := range texts {
		all = append(all, strings.TrimRight(s, "\n"))
	}
	return strings.Join(all, "\n")
}

// stepByStep is the system prompt of Qwen2.5-Math and its reward models.
const stepByStep = `Please reason step by step, and put your final answer within \boxed{}.`

type shot struct{ problem, solution string }

// examples formats solved problems, each followed by a blank line.
func examples(before, after string, shots []shot) string {
	var b strings.Builder
	for _, s := range shots {
		b.WriteString(before + s.problem + after + s.solution + "\n\n")
	}
	return b.String()
}

// answerLine reports whether step is an answer such as "A:84", or the blank line before
// a next example.
func answerLine(step string) bool { return step == "\n" || strings.HasPrefix(step, "A:") }

// sentenceAnswer reports whether step is a sentence with the answer, GSM8K's own form of
// it, or the blank line before a next example.
func sentenceAnswer(step string) bool {
	return step == "\n" || strings.Contains(step, "The answer is ") || strings.HasPrefix(step, "####")
}

const pocketTask = "Solve each story with one calculation on each line, in the order of the story. " +
	"The last line is A: and the result.\n\n"

// pocketShots cover nine of the generator's ten kinds of sentences, with chains of
// calculations from the training split. Their number of steps varies and the last one
// is short: after five examples of three steps each, the last dividing by three, a model
// of 0.5B parameters divided by three at the end of every story.
var pocketShots = []shot{
	{"Eve has 18 books. 3 friends bring 11 books each. Eve gives 5 to Sam. How many books does Eve have now?",
		"3*11=33\n18+33=51\n51-5=46\nA:46"},
	{"Zoe has 36 beads. Sam has 4 fewer beads, and they pool them. How many beads does Zoe have now?",
		"36-4=32\n36+32=68\nA:68"},
	{"Bob has 8 shells. Bob buys 5 boxes of 11 shells. Bob sells 2 packs of 2 shells. How many shells does Bob have now?",
		"5*11=55\n8+55=63\n2*2=4\n63-4=59\nA:59"},
	{"Leo has 35 nuts. Leo uses 12 today and 5 tomorrow. How many nuts does Leo have now?",
		"12+5=17\n35-17=18\nA:18"},
	{"Max has 28 shells. Leo brings 19, but 2 of them are bad. Max keeps one of 3 equal parts. " +
		"How many shells does Max have now?",
		"19-2=17\n28+17=45\n45/3=15\nA:15"},
	{"Tom has 25 pens. Mia makes the pile 4 times as big. How many pens does Tom have now?",
		"25*4=100\nA:100"},
}

var gsm8kShots = []shot{
	{"Lena bakes 3 trays of 12 muffins. She gives 9 muffins to her neighbours and sells the rest for $2 each. " +
		"How many dollars does she get?",
		"Lena bakes 3 * 12 = 36 muffins.\nShe has 36 - 9 = 27 muffins left to sell.\n" +
			"She gets 27 * 2 = 54 dollars.\nThe answer is 54."},
	{"A train has 5 cars. Each car has 20 rows of 4 seats, and 130 of the seats are taken. How many seats are free?",
		"Each car has 20 * 4 = 80 seats.\nThe train has 5 * 80 = 400 seats.\n" +
			"There are 400 - 130 = 270 free seats.\nThe answer is 270."},
	{"Omar reads half as many pages on Sunday as on Saturday. On Saturday he reads 48 pages. The book has 100 pages. " +
		"How many pages are left?",
		"On Sunday Omar reads 48 / 2 = 24 pages.\nIn all he reads 48 + 24 = 72 pages.\n" +
			"There are 100 - 72 = 28 pages left.\nThe answer is 28."},
	{"Ms. Park earns $18 an hour and works 6 hours a day. Her rent is $540. How many days must she work to pay the rent?",
		"Ms. Park earns 18 * 6 = 108 dollars a day.\nShe must work 540 / 108 = 5 days.\nThe answer is 5."},
}
