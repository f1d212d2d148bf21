"""inference.md sections 5 to 7: Classify, Regress and MultiInference."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.spec_tables import Rpc, Table
from tests.support.tensor_text import example, examples, spec

BAD = "INVALID_ARGUMENT"
ONE = examples(example(x=1.0))
TWO = examples(example(x=1.0), example(x=4.0))
Check = Callable[[Rpc], None]

# `example_scorer` scores x / 2 + 2 + y; the classes are "high" with that score and "low" with 1 - score.


def classify(row: int, what: str, signature: str, given: str = TWO, *, model: str = "wrong_verbs", **more) -> Rpc:
    return Rpc(row, what, method="Classify", request=spec(model, signature) + given, **more)


def regress(row: int, what: str, signature: str, given: str = TWO, *, model: str = "wrong_verbs", **more) -> Rpc:
    return Rpc(row, what, method="Regress", request=spec(model, signature) + given, **more)


def classes(*pairs: tuple[str, float]) -> str:
    return (
        "classifications { " + "".join(f'classes {{ label: "{name}" score: {score} }} ' for name, score in pairs) + "} "
    )


def values(*numbers: float) -> str:
    return "".join(f"regressions {{ value: {number} }} " for number in numbers)


HIGH_LOW = classes(("high", 2.5), ("low", -1.5))
NO_EXAMPLES = {
    "no input": "",
    "an input without a kind": "input {}",
    "an empty list": "input { example_list {} }",
    "an empty list with context": "input { example_list_with_context {} }",
    "a context without examples": f"input {{ example_list_with_context {{ context {{ {example(x=1.0)} }} }} }}",
}

# --- 5 ---------------------------------------------------------------------------------------------------------------

CLASSIFY = Table("inference", "5", "Classify", 12, elsewhere={3: "inference-2-names-row-2"})


@CLASSIFY.each(
    classify(1, "an unknown model", "", model="nobody", code="NOT_FOUND", says=("Latest(nobody)",)),
    classify(2, "an unknown signature: not the code of Predict", "none", code=BAD, says=("none",)),
    classify(2, "the default where there is none of that name", "", code=BAD, says=("serving_default",)),
    classify(2, "an unknown signature and no examples", "none", "", code=BAD, says=("none",)),
    classify(4, "two inputs", "classify_two_inputs", code=BAD, says=("input",)),
    classify(4, "no inputs", "no_inputs", model="odd_signatures", code=BAD, says=("input",)),
    classify(5, "three outputs", "classify_three_outputs", code=BAD, says=("output", "3")),
    classify(
        5, "four outputs, and the input is not `inputs`", "many_outputs", model="odd_signatures", code=BAD, says=("4",)
    ),
    classify(6, "the input is not `inputs`", "classify_other_input", code=BAD, says=("examples", "inputs")),
    classify(6, "the input is not `inputs`, and no examples", "classify_other_input", "", code=BAD, says=("inputs",)),
    classify(7, "neither classes nor scores", "classify_other_output", code=BAD, says=("labels", "classes", "scores")),
    *(
        classify(8, what, "classify_x", given, model="example_scorer", code=BAD, says=("empty",))
        for what, given in NO_EXAMPLES.items()
    ),
    classify(
        9,
        "an error of the graph goes through: a feature of another kind",
        "classify_x",
        examples(example(x="text")),
        model="example_scorer",
        code=BAD,
        says=("x",),
    ),
    classify(10, "classes of rank 1", "classify_classes_flat", code=BAD, says=("classes",)),
    classify(10, "classes that are no strings", "classify_classes_float", code=BAD, says=("classes", "string")),
    classify(10, "classes for too few examples", "classify_classes_short", code=BAD, says=("classes", "1", "2")),
    classify(11, "scores of rank 1", "classify_scores_flat", code=BAD, says=("scores",)),
    classify(11, "scores that are no float32", "classify_scores_double", code=BAD, says=("scores", "float")),
    classify(11, "scores for too few examples", "classify_scores_short", code=BAD, says=("scores", "1", "2")),
    classify(12, "more classes than scores", "classify_uneven", code=BAD, says=("2", "1")),
)
def test_classify_refuses(check: Check, case: Rpc) -> None:
    check(case)


CLASSIFIED = Table("inference", "5-notes", "Classify: the result", 6)


@CLASSIFIED.each(
    classify(
        1,
        "one Classifications for each example, in order",
        "classify_x",
        model="example_scorer",
        answer=f"result {{ {HIGH_LOW} {classes(('high', 4), ('low', -3))} }}" + spec("example_scorer", "classify_x", 1),
    ),
    classify(
        2,
        "scores alone leave the labels empty",
        "classify_scores_only",
        ONE,
        model="example_scorer",
        answer="result { classifications { classes { score: 2.5 } classes { score: -1.5 } } }"
        + spec("example_scorer", "classify_scores_only", 1),
    ),
    classify(
        3,
        "classes alone leave the scores 0",
        "classify_classes_only",
        ONE,
        model="example_scorer",
        answer='result { classifications { classes { label: "high" } classes { label: "low" } } }'
        + spec("example_scorer", "classify_classes_only", 1),
    ),
    classify(
        4,
        "the context joins every example",
        "classify_x",
        examples(example(x=1.0), example(x=4.0), context=example(y=10.0)),
        model="example_scorer",
        answer=f"result {{ {classes(('high', 12.5), ('low', -11.5))} {classes(('high', 14), ('low', -13))} }}"
        + spec("example_scorer", "classify_x", 1),
    ),
    classify(
        4,
        "an example overrides the context",
        "classify_x",
        examples(example(x=1.0), context=example(x=4.0)),
        model="example_scorer",
        answer=f"result {{ {HIGH_LOW} }}" + spec("example_scorer", "classify_x", 1),
    ),
    classify(
        5,
        "examples may be empty",
        "classify_x",
        examples(""),
        model="example_scorer",
        answer=f"result {{ {classes(('high', 2), ('low', -1))} }}" + spec("example_scorer", "classify_x", 1),
    ),
    classify(
        5,
        "examples of the context alone",
        "classify_x",
        examples("", "", context=example(x=1.0)),
        model="example_scorer",
        answer=f"result {{ {HIGH_LOW} {HIGH_LOW} }}" + spec("example_scorer", "classify_x", 1),
    ),
    Rpc(
        6,
        "the version of a label in the answer, and no label",
        method="Classify",
        request='model_spec { name: "scorer_by_label" version_label: "best" signature_name: "classify_x" }' + ONE,
        answer=f"result {{ {HIGH_LOW} }}" + spec("scorer_by_label", "classify_x", 1),
    ),
)
def test_classify_answers(check: Check, case: Rpc) -> None:
    check(case)


# --- 6 ---------------------------------------------------------------------------------------------------------------

REGRESS = Table(
    "inference",
    "6",
    "Regress",
    6,
    elsewhere={6: "follows from the two rows before it: [n] and [n, 1] have n elements"},
)
SCORER = "example_scorer"


@REGRESS.each(
    regress(1, "two outputs", "regress_two_outputs", code=BAD, says=("output", "2")),
    regress(2, "the input is not `inputs`", "regress_other_input", code=BAD, says=("examples", "inputs")),
    regress(2, "the output is not `outputs`", "regress_other_output", code=BAD, says=("values", "outputs")),
    regress(3, "shape [n, 2]", "regress_wide", code=BAD, says=("outputs",)),
    regress(4, "a first dimension that is not the number of examples", "regress_short", code=BAD, says=("1", "2")),
    regress(5, "no float32", "regress_double", code=BAD, says=("float", "double")),
)
def test_regress_refuses(check: Check, case: Rpc) -> None:
    check(case)


LIKE_CLASSIFY = Table(
    "inference",
    "6-steps",
    "Regress: the steps of Classify that hold here, too",
    6,
    elsewhere={3: "inference-2-names-row-2"},
)


@LIKE_CLASSIFY.each(
    regress(1, "an unknown model", "", model="nobody", code="NOT_FOUND", says=("Latest(nobody)",)),
    regress(2, "an unknown signature", "none", code=BAD, says=("none",)),
    regress(4, "two inputs", "regress_two_inputs", code=BAD, says=("input",)),
    *(
        regress(5, what, "regress_x", given, model=SCORER, code=BAD, says=("empty",))
        for what, given in NO_EXAMPLES.items()
    ),
    regress(6, "an error of the graph goes through", "regress_x", examples(example(x="text")), model=SCORER, code=BAD),
)
def test_regress_refuses_as_classify(check: Check, case: Rpc) -> None:
    check(case)


REGRESSED = Table("inference", "6-notes", "Regress: the result", 3)


@REGRESSED.each(
    regress(
        1,
        "shape [n, 1]",
        "regress_x",
        model=SCORER,
        answer=f"result {{ {values(2.5, 4)} }}" + spec(SCORER, "regress_x", 1),
    ),
    regress(
        2,
        "shape [n]",
        "regress_flat",
        model=SCORER,
        answer=f"result {{ {values(2.5, 4)} }}" + spec(SCORER, "regress_flat", 1),
    ),
    regress(
        3,
        "with context",
        "regress_x",
        examples(example(x=1.0), example(x=4.0, y=1.0), context=example(y=10.0)),
        model=SCORER,
        answer=f"result {{ {values(12.5, 5)} }}" + spec(SCORER, "regress_x", 1),
    ),
)
def test_regress_answers(check: Check, case: Rpc) -> None:
    check(case)


# --- 7 ---------------------------------------------------------------------------------------------------------------

MULTI = Table("inference", "7", "MultiInference", 9)


def task(signature: str, verb: str = "classify", model: str = SCORER, choice: str = "") -> str:
    named = f'name: "{model}" ' if model else ""
    return (
        f'tasks {{ model_spec {{ {named}signature_name: "{signature}" {choice} }} '
        f'method_name: "tensorflow/serving/{verb}" }} '
    )


def multi(row: int, what: str, tasks: str, given: str = ONE, **more) -> Rpc:
    return Rpc(row, what, method="MultiInference", request=tasks + given, **more)


CLASSIFIED_X = f"results {{ {spec(SCORER, 'classify_x', 1)} classification_result {{ {HIGH_LOW} }} }} "
REGRESSED_X = f"results {{ {spec(SCORER, 'regress_x', 1)} regression_result {{ {values(2.5)} }} }} "


@MULTI.each(
    multi(1, "no tasks", "", code=BAD, says=("name",)),
    multi(
        1,
        "a first task without model spec",
        'tasks { method_name: "tensorflow/serving/classify" } ',
        code=BAD,
        says=("name",),
    ),
    multi(2, "an unknown model", task("classify_x", model="nobody"), code="NOT_FOUND", says=("Latest(nobody)",)),
    multi(
        2,
        "an unknown version in the first task",
        task("classify_x", choice="version { value: 7 }"),
        code="NOT_FOUND",
        says=(f"Specific({SCORER}, 7)",),
    ),
    multi(
        2,
        "an unknown version in the second task is ignored",
        task("classify_x") + task("regress_x", "regress", choice="version { value: 7 }"),
        answer=CLASSIFIED_X + REGRESSED_X,
    ),
    multi(
        2,
        "an unknown label in the second task is ignored",
        task("classify_x") + task("regress_x", "regress", choice='version_label: "none"'),
        answer=CLASSIFIED_X + REGRESSED_X,
    ),
    multi(
        3,
        "a second task without name",
        task("classify_x") + task("regress_x", "regress", model=""),
        code=BAD,
        says=("name",),
    ),
    multi(
        4,
        "tasks for two models",
        task("classify_x") + task("regress_x", "regress", model="half_plus_two"),
        code=BAD,
        says=("half_plus_two",),
    ),
    multi(
        5,
        "two tasks for one signature",
        task("classify_x") + task("classify_x", "regress"),
        code=BAD,
        says=("classify_x",),
    ),
    multi(
        5,
        "two tasks for the default signature, by name and without",
        task("") + task("serving_default"),
        code=BAD,
        says=("serving_default",),
    ),
    multi(6, "an unknown signature", task("none"), code=BAD, says=("none",)),
    multi(
        6,
        "an unknown signature in the second task",
        task("classify_x") + task("none", "regress"),
        code=BAD,
        says=("none",),
    ),
    multi(
        7,
        "a method that is neither",
        task("classify_x", "predict"),
        code="UNIMPLEMENTED",
        says=("tensorflow/serving/predict",),
    ),
    multi(8, "a signature that cannot classify", task("regress_x", "classify"), code=BAD),
    multi(8, "a signature that cannot regress", task("classify_x", "regress"), code=BAD),
    multi(9, "no examples", task("classify_x"), "", code=BAD, says=("empty",)),
    multi(9, "an empty list", task("classify_x"), "input { example_list {} }", code=BAD, says=("empty",)),
)
def test_multi_inference_refuses(check: Check, case: Rpc) -> None:
    check(case)


MULTI_NOTES = Table("inference", "7-notes", "MultiInference: the result", 4)


@MULTI_NOTES.each(
    multi(
        1,
        "results in the order of the tasks",
        task("classify_x") + task("regress_x", "regress"),
        answer=CLASSIFIED_X + REGRESSED_X,
    ),
    multi(
        1,
        "results in the order of the tasks, turned round",
        task("regress_x", "regress") + task("classify_x"),
        answer=REGRESSED_X + CLASSIFIED_X,
    ),
    multi(
        2,
        "all tasks on the version of the first",
        task("classify_x", choice="version { value: 1 }") + task("regress_x", "regress"),
        answer=CLASSIFIED_X + REGRESSED_X,
    ),
    multi(
        3,
        "two heads of one kind",
        task("regress_x", "regress") + task("regress_flat", "regress"),
        has=('signature_name: "regress_flat"',),
    ),
    multi(
        3,
        "with context",
        task("regress_x", "regress"),
        examples(example(x=1.0), context=example(y=10.0)),
        has=("value: 12.5",),
    ),
    multi(
        4,
        "one failing task fails the call",
        task("regress_good", "regress", "wrong_verbs") + task("regress_wide", "regress", "wrong_verbs"),
        code=BAD,
    ),
)
def test_multi_inference_answers(check: Check, case: Rpc) -> None:
    check(case)
