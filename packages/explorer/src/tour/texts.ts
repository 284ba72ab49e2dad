/** The text of a stop of the tour. Backticks mark code. A blank line begins a paragraph. */
export interface Text {
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly question: string;
  readonly answer: NumberAnswer | Choice;
  /** The reason for the right answer, in two sentences. */
  readonly why: string;
}

interface NumberAnswer {
  readonly kind: "number";
  readonly right: number;
  /** Common wrong answers, each with the hint that the page then shows. */
  readonly hints: readonly (readonly [wrong: number, hint: string])[];
  /** The hint for a wrong answer that `hints` does not contain. */
  readonly otherwise: string;
}

interface Choice {
  readonly kind: "choice";
  readonly right: string;
  /** The options in their order on the page, with a hint for each wrong option. */
  readonly options: readonly (readonly [option: string, hint: string])[];
}

/**
 * The texts of the tour, in the order of the stops. docs/teaching.md has the same questions and reasons; the test of the
 * tour compares both.
 */
export const texts: readonly Text[] = [
  {
    name: "chain",
    title: "A chain of numbers",
    text: "The program computes f(x) = (2x)² in two steps: `#1` is x times 2, and `#2` is the square of `#1`. At x = 3, their values are 6 and 36.\n\nEach step has its own small derivative. `#1` grows 2 times as fast as x. `#2` grows 2 · 6 = 12 times as fast as `#1`.",
    question: "x grows by a tiny amount. How many times as fast does the result grow?",
    answer: {
      kind: "number",
      right: 24,
      hints: [
        [14, "You added the factors. The square multiplies a change that is already doubled, so multiply 2 and 12."],
        [12, "That is the factor of the second step. The first step has already doubled the change of x."],
        [2, "That is the factor of the first step. The second step multiplies the change again."],
        [36, "36 is the value of the result. The question asks how fast the result changes."],
      ],
      otherwise: "Follow a small change: what does the first step do to it, and then the second?",
    },
    why: "The factors of the steps multiply: 2 · 12 = 24. This is the chain rule, and the orange column of the list now shows the result for each step.",
  },
  {
    name: "list",
    title: "The list of a program",
    text: "The library does not read the text of your program. It runs the program, and records each call of an operation, such as `mul`, together with its inputs. This record is a list of steps, also called a tape.\n\nThe program on this page has a function, a name for a value, and two calls of operations.",
    question: "How many steps will the list have?",
    answer: {
      kind: "number",
      right: 2,
      hints: [
        [3, "Did you count the call of `area`? Only the operation `mul` inside of it computes something."],
        [4, "Names and functions of your own do not compute anything. Count only `mul` and `square`."],
        [1, "Both `mul` and `square` are operations, and each call is one step."],
      ],
      otherwise: "Count the calls of operations of the library: `mul` and `square`.",
    },
    why: "Only calls of operations are recorded, here `mul` and `square`. Functions, names and loops disappear, so the list of every program is a straight line of steps.",
  },
  {
    name: "sweep",
    title: "The sweep",
    text: "The sweep reads the list from its end to its beginning. For each value it computes the cotangent: how fast the result changes if this value changes. The result itself has the cotangent 1.\n\nThe sweep has already passed the square: `#1` has the cotangent 2 · 10 = 20. The next step is `#1`, which is x times y, with x = 5 and y = 2.",
    question: "Which cotangent does x get?",
    answer: {
      kind: "number",
      right: 40,
      hints: [
        [2, "2 is how fast `#1` grows with x. Multiply it by how fast the result grows with `#1`, its cotangent 20."],
        [100, "That is the cotangent of y, 20 · 5. If x grows by 1, `#1` grows by the other factor, y."],
        [20, "20 is the cotangent of `#1`. If x grows by 1, `#1` grows by y = 2."],
        [22, "Multiply the two factors. Each 1 of `#1` is worth 20 of the result."],
      ],
      otherwise: "If x grows by 1, by how much does `#1` grow? Multiply by the cotangent of `#1`.",
    },
    why: "`#1` grows y = 2 times as fast as x, and the result grows 20 times as fast as `#1`: 20 · 2 = 40. Each step needs only its own rule and the cotangent of its output, so a single sweep finds the derivatives for all inputs.",
  },
  {
    name: "twice",
    title: "A value that is used twice",
    text: "f(x) = (x + 1) · x uses x in two steps. The sweep has passed `#2`, the product. Its rule sent to each factor the other factor: x received 4, and `#1` received 3. The list shows the 4 in italics, because more will follow. In the formulas on the page, g is the cotangent that arrives, a bar marks a cotangent that leaves, and ⊙ is a product.\n\nThe next step is `#1`, which is x + 1. It passes its cotangent 3 to x without a change, because x + 1 grows as fast as x.",
    question: "Which cotangent does x have at the end?",
    answer: {
      kind: "number",
      right: 7,
      hints: [
        [3, "The second contribution does not replace the first. x affects the result along both paths."],
        [4, "That is the contribution of `#2` alone. `#1` sends another one."],
        [12, "The contributions are not multiplied. Each path changes the result by itself, so add them."],
        [3.5, "Nothing is averaged. Both paths have their full effect."],
      ],
      otherwise: "x receives two contributions, 4 and 3.",
    },
    why: "x affects the result along two paths, and the effects add up: 4 + 3 = 7. The formula agrees: the derivative of x² + x is 2x + 1, which is 7 at x = 3.",
  },
  {
    name: "bias",
    title: "A bias: repeated forward, summed backward",
    text: "Values can be tensors, and a cotangent always has the shape of its tensor. X has two rows of three numbers. The bias b has only three numbers, so `add` repeats b for each row. This is called broadcasting.\n\nThe sweep has just computed the cotangent of `#1`, which is X + b. It has one number for each entry: the rows 1, 0, 2 and 3, 1, 0.",
    question: "The first number of b was added to the first entry of both rows. Which cotangent does it get?",
    answer: {
      kind: "number",
      right: 4,
      hints: [
        [1, "That is the contribution of the first row. The same number of b was also added to the second row."],
        [3, "That is the contribution of the second row. The same number of b was also added to the first row."],
        [2, "That is a mean. Nothing is divided: each row has its full effect."],
        [7, "That is the sum of the whole cotangent. The first number of b was added to the first column only."],
      ],
      otherwise: "The first number of b is a value that is used twice, once in each row.",
    },
    why: "The number is used once in each row, so it is a value that is used twice, and its contributions add up: 1 + 3 = 4. A tensor that is repeated forward gets the sum over its copies in the sweep, here 4, 1, 2.",
  },
  {
    name: "matmul",
    title: "A product of matrices",
    text: "A is 2 × 3 and B is 3 × 4, so the product A B is 2 × 4. Its cotangent g has the same shape, 2 × 4.\n\nThe cotangent of A must have the shape of A, 2 × 3. It is a product of g and B, one of them perhaps transposed.",
    question: "Which product is the cotangent of A?",
    answer: {
      kind: "choice",
      right: "g Bᵀ",
      options: [
        ["g B", "2 × 4 times 3 × 4 does not fit: the inner sizes 4 and 3 differ."],
        ["g Bᵀ", ""],
        ["B g", "3 × 4 times 2 × 4 does not fit: the inner sizes 4 and 2 differ."],
        ["Bᵀ g", "4 × 3 times 2 × 4 does not fit: the inner sizes 3 and 2 differ."],
      ],
    },
    why: "Only g Bᵀ fits: 2 × 4 times 4 × 3 is 2 × 3. It is the rule of a product of numbers again, g times the other factor, added up over all entries of A B that use an entry of A.",
  },
  {
    name: "softmax-mean",
    title: "Softmax, stage 1: the mean",
    text: "A classifier computes a number for each class, its logit. Softmax turns the logits x into probabilities s, here 0.5, 0.25 and 0.25. The later steps compute the result, called the loss, and the sweep sends back the cotangent g of s: 2, 0 and 8. So the loss grows fastest with the probability of class 2.\n\nProbabilities always sum to 1: one class can gain only if others lose. So only the differences from the average matter, where each class counts with its probability.",
    question: "What is this weighted average of g?",
    answer: {
      kind: "number",
      right: 3,
      hints: [
        [3.33, "That is the plain average. Weight each number of g by its probability."],
        [10, "That is the sum of g. Multiply each number by its probability first."],
        [5, "Did you count class 2 with the wrong weight? Its probability is 0.25."],
      ],
      otherwise: "Multiply each number of g by its probability, and add the three products.",
    },
    why: "0.5 · 2 + 0.25 · 0 + 0.25 · 8 = 3, written ⟨g, s⟩. The picture shows it as a balance: each g is a weight as heavy as its probability, and the beam balances at 3.",
  },
  {
    name: "softmax-difference",
    title: "Softmax, stage 2: the difference",
    text: "The second stage subtracts the average 3 from each number of g. For class 0, g is 2: if its probability alone grew, the loss would grow.\n\nBut no probability can grow alone. If you raise the logit of class 0, its probability grows, and the other classes lose the same amount.",
    question: "What happens to the loss if you raise the logit of class 0?",
    answer: {
      kind: "choice",
      right: "The loss falls",
      options: [
        ["The loss grows", "That would be right if the other probabilities stayed. Compare g = 2 with the average 3."],
        ["The loss stays the same", "That would be right if g were equal to the average. Compare 2 with 3."],
        ["The loss falls", ""],
      ],
    },
    why: "Class 0 costs 2, less than the average class, so moving probability to it lowers the loss. The difference from the average, 2 − 3 = −1, has the right sign; the sign of g alone is misleading.",
  },
  {
    name: "softmax-scale",
    title: "Softmax, stage 3: the product",
    text: "The differences from the average are −1, −3 and 5. The probabilities are 0.5, 0.25 and 0.25.\n\nA logit can move its class only as far as the class already has probability: if a class has almost none, its logit has almost no effect. So the last stage multiplies each difference by the probability of its class.",
    question: "What is the cotangent of the logit of class 2?",
    answer: {
      kind: "number",
      right: 1.25,
      hints: [
        [5, "That is the difference. Multiply it by the probability of class 2."],
        [2.5, "The probability of class 2 is 0.25, not 0.5."],
        [2, "That is s times g. Multiply s by the difference from the average."],
        [20, "Multiply by 0.25 instead of dividing: a small probability means a small effect."],
      ],
      otherwise: "Multiply the difference 5 by the probability 0.25.",
    },
    why: "0.25 · 5 = 1.25. The whole rule is x̄ = s ⊙ (g − ⟨g, s⟩), that is a mean, a difference and a product, so the matrix of all derivatives of softmax is never needed.",
  },
  {
    name: "cross-entropy",
    title: "Cross-entropy: prediction minus target",
    text: "The loss of a classifier is −log of the probability of the right class, here class 2. The target t is 1 for class 2 and 0 for the others. The probabilities s are again 0.5, 0.25 and 0.25.\n\nThe sweep has reached softmax. It carries g = 0, 0, −4, because the derivative of −log s is −1 / s, here −1 / 0.25. Now run the three stages.",
    question: "Which cotangent does the logit of class 2 get?",
    answer: {
      kind: "number",
      right: -0.75,
      hints: [
        [0.75, "The size is right. The mean of g is −1, so the difference is −4 + 1, which is negative."],
        [-4, "That is g. Run the three stages: mean, difference, product."],
        [-3, "That is the difference. Multiply it by the probability 0.25."],
        [-1, "That is s times g, and also the mean of g. Subtract the mean before you multiply by s."],
        [0.25, "That is s. The right class gets another number, because its t is 1."],
        [-1.25, "The mean is −1, and the difference is −4 minus −1."],
      ],
      otherwise: "The mean of g is 0.25 · (−4) = −1. Subtract it from −4, then multiply by 0.25.",
    },
    why: "The mean is −1, the difference −4 + 1 = −3, and the product 0.25 · (−3) = −0.75. For all classes the cotangent is s − t, prediction minus target: 0.5, 0.25, −0.75.",
  },
  {
    name: "second-order",
    title: "The derivative of a derivative",
    text: "The rules of the sweep are made of the same operations as your program, so the steps of a sweep can be recorded too. This list has f(x) = x³ and below it, with orange numbers, the sweep of f at x = 3. Its `alias` steps are copies, and its `accumulate` steps add contributions.\n\nThe result of this longer list is no longer x³. It is the derivative 3x², which is 27.",
    question: "Sweep this longer list. Which cotangent does x get?",
    answer: {
      kind: "number",
      right: 18,
      hints: [
        [27, "27 is the result of this list. The sweep computes how fast this result changes with x."],
        [6, "That is the third derivative of x³. Differentiate 3x² once."],
        [9, "Differentiate 3x², then insert x = 3."],
        [54, "The derivative of 3x² is 6x."],
      ],
      otherwise: "A sweep differentiates the result of its list. The result is now 3x².",
    },
    why: "The sweep differentiates the result of the list, 3x², so x gets 6x = 18. Derivatives of any order follow in this way, without new rules.",
  },
  {
    name: "training",
    title: "A training step",
    text: "A classifier computes softmax(x W + b) and the cross-entropy: a product of matrices, a bias, softmax and a logarithm. You have seen the rules of all of them.\n\nA training step sweeps this list once. Then it subtracts from each weight its cotangent times the learning rate.",
    question: "A weight is 0, its cotangent is −0.4, and the learning rate is 0.5. What is the weight after the step?",
    answer: {
      kind: "number",
      right: 0.2,
      hints: [
        [-0.2, "Subtract: 0 − 0.5 · (−0.4). Two minus signs give a plus."],
        [0.4, "Multiply the cotangent by the learning rate 0.5."],
        [-0.4, "Multiply by the learning rate, and subtract."],
      ],
      otherwise: "The new weight is 0 − 0.5 · (−0.4).",
    },
    why: "0 − 0.5 · (−0.4) = 0.2: the cotangent says that the loss falls as the weight grows, so the weight grows. Press Step on this page a few times, then Train, and watch the loss fall.",
  },
];
