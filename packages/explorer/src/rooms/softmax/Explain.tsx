import { Formula } from "../../parts/Formula.tsx";
import { Indexed, Paragraph } from "./Sub.tsx";

interface Question {
  readonly question: string;
  readonly answer: string;
  readonly tex?: string;
}

const questions: readonly Question[] = [
  {
    question: "Why does raising one logit move every probability?",
    answer:
      "It makes its own numerator larger, and D with it, which all share. Its own share grows by sᵢ(1 − sᵢ), every other shrinks by sᵢsⱼ, and what is won is what is lost.",
    tex: "\\frac{\\partial s_i}{\\partial x_j} = s_i(\\delta_{ij} - s_j)",
  },
  {
    question: "What has the forward pass to keep for the backward pass?",
    answer: "Only s. Numerators and D are gone from the derivative.",
  },
  {
    question: "How does one get from Jᵀ g to one inner product?",
    answer:
      "J is a diagonal less a product of s with itself. The diagonal multiplies element by element; s sᵀ g is s times one number, ⟨s, g⟩. Take s out of both.",
    tex: "(\\operatorname{diag}(s) - s\\,s^{\\mathsf T})\\,g = s \\odot g - s\\,\\langle s, g \\rangle = s \\odot (g - \\langle g, s \\rangle)",
  },
  {
    question: "What does each of the three stages mean?",
    answer:
      "⟨g, s⟩ is the mean of g under the probabilities. g less the mean is how much better a class is than average. Times s: a logit moves only the share that it has.",
  },
  {
    question: "Why is a million added to all g no change at all?",
    answer: "The mean has the million too. Rows of J add up to 0: probabilities can only be traded.",
  },
  {
    question: "Then why does it matter how one computes it?",
    answer:
      "Where a class is sure, g and its mean agree in all leading digits, and a subtraction leaves what rounding made of the last. Take off gₘ first, which changes nothing on paper, and nothing large is left to cancel.",
  },
  {
    question: "And after cross-entropy?",
    answer:
      "Its g is −tᵢ / sᵢ, so ⟨g, s⟩ = −Σ t = −1, and the three stages give s ⊙ (−t / s + 1) = s − t: what the model says less what is true.",
    tex: "\\bar x = s - t",
  },
];

/** What one can explain who has gone through the room. */
export function Explain() {
  return (
    <>
      <p>Say each answer aloud, or to the person beside you, before you open it.</p>
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
        The last one <a href="#/tape?example=cross-entropy">on the tape</a>, where s − t comes out of the list by
        itself.
      </p>
    </>
  );
}
