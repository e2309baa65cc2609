from sd_scripts_bridge.datasets import caption_text
from sd_scripts_bridge.datasets import writer as dataset_writer
from sd_scripts_bridge.datasets.captions import person
from sd_scripts_bridge.demo import photos as demo_photos


def test_ten_pictures_that_the_doctor_finds_nothing_wrong_with(tmp_path):
    paths = demo_photos.draw(tmp_path)
    report = dataset_writer.check([tmp_path])
    assert [verdict.path for verdict in report.photos] == paths
    assert report.used == 10
    assert [verdict.sentence for verdict in report.photos if verdict.concerns] == []
    texts = [path.with_suffix(".txt").read_text(encoding="utf-8").strip() for path in paths]
    assert len(set(texts)) == 10
    for text in texts:
        assert caption_text.begins_with_name(text, "AlvaroBadia") and text.startswith(
            "AlvaroBadia man"
        )
        assert 25 <= caption_text.words(text) <= 75
        assert person.phrases(text) == () and person.missing(text) == []


def test_the_same_seed_draws_the_same_and_more_than_ten_differ(tmp_path):
    first, again = (
        demo_photos.draw(tmp_path / "a", 11, side=200),
        demo_photos.draw(tmp_path / "b", 11, side=200),
    )
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert dataset_writer.check([tmp_path / "a"]).used == 11
