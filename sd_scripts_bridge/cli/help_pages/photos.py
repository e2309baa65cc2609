"""The pages of the verbs that work on photos and captions."""

from __future__ import annotations

from ..help_page import HelpPage

PHOTO_PAGES = {
    "check": HelpPage(
        """Looks at every photo and gives a verdict in one sentence: good, usable with a warning
        (soft, dark, small), or left out (damaged, a duplicate, not a photo). Then it comments on
        the set as a whole and, if ArcFace or CLIP is installed, names photos that look like someone
        else. Nothing is changed. From 1,000 photos on it makes two passes: all headers, then a
        look at each photo. What it finds is kept, so an interrupted check continues where it was,
        and the next one looks only at what has changed.""",
        (
            ("check photos", "one folder"),
            ("check a.jpg b.heic photos --json", "files and folders, for a program"),
            ("check photos --resolution 1024", "with the sizes that an SDXL training sees"),
            ("check photos --headers", "formats and sizes only, of 100,000 photos in seconds"),
        ),
        "no photo can be used, or a problem",
    ),
    "dataset": HelpPage(
        """Makes clean copies (upright, sRGB, without location data) and captions that begin with
        the name, in kohya's folder layout: DIR/img/150_NAME CLASS/1.png 1.txt ... Ten photos and
        1500 steps give 150 repeats. Your photos stay as they are. For several subjects in one
        dataset, repeat --subject: each gets a folder of its own, with repeats that show all of
        them equally often. Without a name, a kohya folder is copied with its own folders,
        repeats and captions.""",
        (
            ("dataset photos --name AlvaroBadia --class man --out AlvaroBadia", "1500 steps"),
            ("dataset photos --name Rex --class dog --steps 1000 --out Rex", "1000 steps"),
            (
                "dataset photos --name Ada --class woman --masks --out Ada",
                "only what the photos' masks show",
            ),
            (
                'dataset --subject "Ada woman=ada" --subject "Bob man=bob" --out both',
                "two subjects, 750 steps each",
            ),
            ("dataset kohya-folder --out copy", "several kohya folders, as they are"),
        ),
    ),
    "regularization": HelpPage(
        """Draws pictures of what the base model itself makes of the class word ("man"), as a job,
        with our own sampler. Trained beside your photos, they keep the class word as it was, while
        "NAME CLASS" becomes your subject. That is worth it if other people of the class should
        look as before, or for several subjects of one class. A single subject doesn't need it, and
        half of the pictures trained are then these, so a run needs twice the steps. As many are
        used as the dataset shows photos of the class (images x repeats); more than 200 different
        ones change little. They go to DATASET/reg/1_CLASS, each with its prompt as its caption.
        Pictures that exist are not drawn again, and `stop` and `resume` work as for a training.
        `train --set prior_loss_weight=0.5` halves their weight in the loss.""",
        (
            (
                "regularization man --base MODEL.safetensors --out AlvaroBadia",
                "then `train AlvaroBadia` trains them, too",
            ),
            (
                "regularization woman --count 100 --base MODEL.safetensors",
                "kept in the home folder, for the tab",
            ),
        ),
    ),
    "frames": HelpPage(
        """Looks at each frame of a video, as a job, and writes the N sharpest, most different ones
        as PNG. Frames with motion blur are left out, and of those that look alike only one is
        taken. If the training environment has a face detector (opencv-python), only frames with
        exactly one face are. There may be fewer than N; then it says why. Needs PyAV in the
        training environment (pip install av). The video stays as it is; files in FOLDER are never
        replaced.""",
        (
            ("frames IMG_0042.MOV --count 20 --out photos", "20 photos, then `check photos`"),
            ("frames clip.mp4 --out photos --json", "for a program"),
        ),
        "no frame can be used, or a problem",
    ),
    "caption": HelpPage(
        """Writes captions as a job: into a dataset, or into .txt files beside photos that have
        none. Captions written by hand stay. --with takes an OpenAI-compatible server (Ollama,
        LM Studio, llama.cpp, vLLM), a folder with a WD14 tagger (model.onnx, selected_tags.csv) or
        a transformers model, a command of yours (it gets {"file": ...} lines and prints {"file":
        ..., "caption": ...} lines), sd-scripts' tag_images_by_wd14_tagger.py or make_captions.py
        (its weights with --model), or template. Each photo ends with a caption or with the reason
        why it has none. A key comes from $CAPTION_API_KEY ($OPENAI_API_KEY for api.openai.com) or
        --ask-key, and is never written to disk.""",
        (
            (
                "caption AlvaroBadia --with http://127.0.0.1:11434/v1 --model qwen3-vl",
                "with Ollama, into a dataset",
            ),
            ("caption photos --with ~/models/wd-vit-tagger-v3", "tags, beside the photos"),
            ("caption photos --with 'python describe.py'", "with a program of yours"),
            (
                "caption AlvaroBadia --with template --place 'in a park' --light daylight",
                "the same words for every photo",
            ),
        ),
        "the captioner could not go on, or a problem",
    ),
    "captions": HelpPage(
        """Lists and counts the captions of a folder made by `dataset`, or edits many of them at
        once. --person lists what belongs to the person (eyes, hair, beard, skin, build, age,
        glasses that are always worn): what the captions leave out, the name learns. --remove takes
        it out and shows each caption that changes. Captions in your own folders are left
        alone.""",
        (
            ("captions AlvaroBadia", "list them"),
            ("captions AlvaroBadia --person", "what belongs to the person, counted"),
            ("captions AlvaroBadia --person --remove --dry-run", "what removing it would change"),
            ("captions AlvaroBadia --add 'grey shirt' --at-start", "after the name"),
            ("captions AlvaroBadia --replace 'a man' man", "plain text, not a pattern"),
            ("captions AlvaroBadia --replace '(\\w+) shirt' '\\1 jacket' --regex", "a pattern"),
            (
                "captions AlvaroBadia --search park --front 'sunny park'",
                "only in captions with park",
            ),
            ("captions AlvaroBadia --export captions.csv", "a table; --import brings it back"),
            ("captions AlvaroBadia --undo", "undo the last change"),
        ),
    ),
}
