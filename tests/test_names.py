import pytest

from sd_scripts_bridge.names import name_problems, normal


@pytest.mark.parametrize(
    "name",
    ["AlvaroBadia", "Álvaro", "ohwx", "Ana Maria", "x", "山田", "a_b-c.d", "नमस्ते", "_x", "7up"],
)
def test_a_persons_name_is_welcome(name):
    assert name_problems(name) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "x" * 65,
        "../../etc",
        "a/b",
        "a\\b",
        "..",
        ".hidden",
        "CON",
        "nul.txt",
        "com1",
        "COM¹",
        "a.",
        "a ",
        "-evil",
        "--resume=x",
        "a,b",
        "<lora:x:1>",
        "a\0b",
        "a\nb",
        "\u202egnp.exe",
        "a\u200fb",
        "😀",
        "a{b}",
        "a:b",
        "a*b",
        "a'b",
        'a"b',
        "$(id)",
        "~",
        "\udcff",
        "(a)",
    ],
)
def test_a_dangerous_name_is_refused_with_a_sentence(name):
    (problem,) = name_problems(name, "subject")
    assert problem.where == "subject"
    assert problem.what and problem.remedy
    assert str(problem).isprintable()


def test_accents_typed_apart_are_the_same_name():
    apart = "A\u0301lvaro"
    assert name_problems(apart) == []
    assert normal(apart) == "Álvaro"
