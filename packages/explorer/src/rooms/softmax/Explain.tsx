import { Formula } from "../../parts/Formula.tsx";
import { Indexed, Paragraph } from "../../parts/Sub.tsx";

interface Question {
  readonly question: string;
  readonly answer: string;
  readonly tex?: string;
}

const questions: readonly Question[] = [
  {
    question: "Why does raising one logit move every probability?",
    answer:
      "It raises its own numerator, and with it D, the denominator of every share. Its own share changes at the rate sᵢ(1 − sᵢ), every other share at −sᵢsⱼ. These rates sum to 0. In the formula, δᵢⱼ is 1 for i = j, and 0 otherwise.",
    tex: "\\frac{\\partial s_i}{\\partial x_j} = s_i(\\delta_{ij} - s_j)",
  },
  {
    question: "What must the forward pass keep for the backward pass?",
    answer: "Only s. The derivative contains neither the numerators nor D.",
  },
  {
    question: "How does Jᵀ g reduce to one inner product?",
    answer:
      "J is a diagonal matrix minus the outer product s sᵀ. The diagonal multiplies elementwise; s sᵀ g is s times one number, ⟨s, g⟩. Factor s out of both terms.",
    tex: "(\\operatorname{diag}(s) - s\\,s^{\\mathsf T})\\,g = s \\odot g - s\\,\\langle s, g \\rangle = s \\odot (g - \\langle g, s \\rangle)",
  },
  {
    question: "What does each of the three stages mean?",
    answer:
      "⟨g, s⟩ is the mean of g under the probabilities. g − ⟨g, s⟩ compares each class with the average. Multiplying by s: a logit’s effect scales with the share its class already has.",
  },
  {
    question: "Why does adding a million to all g change nothing?",
    answer: "The mean grows by a million too, and the difference cancels it. In other words, the rows of J sum to 0.",
  },
  {
    question: "Then why does the formula matter numerically?",
    answer:
      "If one class has nearly all the probability, g and its mean agree in all leading digits, and their difference keeps only rounding errors. Subtracting gₘ first, where m is the most probable class, changes nothing on paper and leaves no large terms to cancel.",
  },
  {
    question: "And after cross-entropy?",
    answer:
      "Its g is −tᵢ / sᵢ, so ⟨g, s⟩ = −Σ t = −1, and the three stages give s ⊙ (−t / s + 1) = s − t, prediction minus target.",
    tex: "\\bar x = s - t",
  },
];

/** Review questions on all topics of the Softmax page. */
export function Explain() {
  return (
    <>
      <p>Say each answer aloud, or explain it to someone, before you open it.</p>
      <ol class="questions">
        {questions.map(({ question, answer, tex }) => (
          <li key={question}>
            <details>
              <summary>
                <Indexed>{question}</Indexed>
              </summary>
              <Paragraph>{answer}</Paragraph>
              {tex && <Formula block tex={tex} />}
            </details>
          </li>
        ))}
      </ol>
      <p class="small soft">
        Watch the answer to the last question <a href="#/tape?example=cross-entropy">on the tape</a>, where the sweep
        computes s − t.
      </p>
    </>
  );
}
