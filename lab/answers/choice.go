package answers

// ChoiceWordings are ways to choose an option: %s stands for its letter.
func ChoiceWordings() []Wording {
	return []Wording{
		{"letter", "%s"}, {"parentheses", "(%s)"}, {"full stop", "%s."}, {"letter, content", "%s) 12"}, {"content after a full stop", "%s. 12"},
		{"The answer is", "The answer is %s."}, {"The answer is, parentheses", "The answer is (%s)."}, {"answer, content", "The answer is (%s) 12."},
		{"answer, reason", "The answer is %s, because 3 > 2."}, {"answer, reason about another", "The answer is (%s), since the others have 3 more."},
		{"answer is option", "The answer is option %s."}, {"answer is choice", "So the answer is choice (%s)."}, {"correct answer", "The correct answer is %s."},
		{"correct option", "The correct option is %s."}, {"correct choice", "The correct choice is (%s)."}, {"best answer", "The best answer is **%s**."},
		{"option is correct", "Therefore option %s is correct."}, {"is the correct answer", "So %s is the correct answer."}, {"is correct, parentheses", "Hence (%s) is correct."},
		{"I choose", "I choose %s."}, {"I would choose", "I would choose option %s."}, {"I'd pick", "I'd pick %s."}, {"go with", "We go with option %s."},
		{"Answer:", "Answer: %s"}, {"Answer:, content", "Answer: %s) 12"}, {"bold Answer:", "**Answer:** %s"}, {"bold, colon outside", "**Answer**: %s"},
		{"all bold", "**Answer: %s**"}, {"Final answer:", "Final answer: %s"}, {"Final Answer, heading", "2 are left.\n\n**Final Answer**\n\n%s"}, {"heading", "### Answer\n%s"},
		{"hashes", "2 are left.\n#### %s"}, {"tag", "<answer>%s</answer>"}, {"tag, parentheses", "Two.\n<answer>(%s)</answer>"}, {"box", `$\boxed{%s}$`},
		{"box, text", `\boxed{\text{%s}}`}, {"box, bold, content", `\boxed{\textbf{(%s)}\ 12}`}, {"box, content", `\boxed{%s. 12}`}, {"box, parentheses", `\boxed{(%s)}`},
		{"box, mathrm", `\boxed{\mathrm{%s}}`}, {"because first", "%s. Because 3 > 2"}, {"dollars", "The answer is $%s$."}, {"textbf", `The answer is $\textbf{(%s)}$.`},
		{"Korean", "정답은 %s입니다."}, {"Korean, colon", "정답: %s"}, {"Korean, parentheses", "따라서 답은 (%s)이다."}, {"Chinese", "因此，答案是%s。"}, {"Chinese, choose", "故选%s。"},
		{"Japanese", "正解は%sです。"}, {"Spanish", "La respuesta correcta es %s."}, {"French", "La réponse est (%s)."}, {"German", "Die Antwort ist %s."},
	}
}

// KoreanWordings are ways to end a solution in Korean, Chinese and Japanese: %s stands for a number.
func KoreanWordings() []Wording {
	return []Wording{
		{"정답은", "정답은 %s입니다. 따라서 3명은 아닙니다."}, {"정답은, counter", "정답은 %s명입니다. 10%% 할인 포함."}, {"정답은, won", "정답은 %s원입니다. 2개를 샀습니다."},
		{"답:", "답: %s (1번 풀이)"}, {"답은", "그러므로 답은 %s개이다."}, {"답은, formula", "답은 $%s$입니다."}, {"최종 답", "최종 답: %s"}, {"정답, bold", "**정답:** %s"},
		{"따라서 정답은", "3단계 끝에, 따라서 정답은 %s도입니다."}, {"box, counter", `따라서 $\boxed{%s명}$입니다.`}, {"box", `따라서 답은 $\boxed{%s}$개입니다.`}, {"last number", "2명이 더 오면 모두 %s명이 됩니다."},
		{"답은, bold", "답은 **%s**입니다."}, {"정답 =", "정답 = %s"}, {"equation", "정답은 $x = %s$입니다."}, {"kilometers", "정답은 %s킬로미터입니다."}, {"답이다, comma", "정답은 %s이고, 나머지는 3입니다."},
		{"答案是", "经过3步，答案是%s。"}, {"答案：", "答案：%s个"}, {"最终答案", "所以最终答案是 %s 元。"}, {"答案为", "因此答案为$%s$。"}, {"答：", "答：%s人"}, {"Chinese, last", "所以一共有%s个苹果。"},
		{"答えは", "3日後、答えは%sです。"}, {"答え：", "答え：%s個"}, {"Japanese, formula", "したがって答えは $%s$ となります。"}, {"最終的な答え", "よって、最終的な答えは %s 円です。"}, {"Japanese, last", "よって全部で%s人です。"},
	}
}
