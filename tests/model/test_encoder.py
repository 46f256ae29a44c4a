"""The sentence encoder equals transformers' and sentences of one meaning lie close."""

import numpy as np
import pytest

from coterie.model.encoder import WIDTH, Encoder, model_folder

TEXTS = ["Look up an order by its id.", "", "Find a purchase by number", "Ünïcode ✓ 你好", "long text " * 300]


def test_rows_are_unit_length_and_do_not_depend_on_their_batch() -> None:
    encoder = Encoder.load()
    rows = encoder.encode(TEXTS)
    assert rows.shape == (len(TEXTS), WIDTH)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(rows, alone, atol=1e-5)
    assert encoder.encode([]).shape == (0, WIDTH)


def test_text_that_was_not_utf_8_is_read_with_question_marks() -> None:
    rows = Encoder.load().encode(["caf\udce9", "caf?"])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)


def test_meaning_decides_the_distance() -> None:
    order, _, purchase, *_ = Encoder.load().encode(TEXTS)
    weather = Encoder.load().encode(["What is the weather in Paris?"])[0]
    assert order @ purchase > order @ weather + 0.2


def test_it_is_loaded_once_in_a_process() -> None:
    assert Encoder.load() is Encoder.load()


@pytest.mark.slow
def test_it_equals_the_reference_implementation() -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(model_folder()), AutoTokenizer.from_pretrained(model_folder())
    batch = tokenizer(TEXTS, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    real = batch["attention_mask"][..., None].float()
    expected = torch.nn.functional.normalize((hidden * real).sum(1) / real.sum(1), dim=1).numpy()
    np.testing.assert_allclose(Encoder.load().encode(TEXTS), expected, atol=2e-5)
