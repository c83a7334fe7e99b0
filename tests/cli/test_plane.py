"""Three points are a map on a page; what makes no plane is one line before a model is loaded."""

from __future__ import annotations

from pathlib import Path

import neurons
from neurons import ConceptPlane

CLASSES = ("--classes", "cat,dog,spider,house", "--prompts", "plain")


def test_three_texts_are_a_page_with_a_map(command, planted_name: str, tmp_path: Path) -> None:
    of = ("--of", "text:cat", "text:dog", "text:spider")
    small = ("--grid", 20, "--zoom", 2)
    done = command("plane", planted_name, *of, *CLASSES, *small, "--out", tmp_path / "pages")
    assert done.code == 0, done.err
    assert "of 4 classes are nearest somewhere on this map" in done.out
    found = ConceptPlane.load(tmp_path / "pages" / "result")
    assert found.plane.side == 20 and len(found.zooms) == 2
    (page,) = (tmp_path / "pages").glob("The-plane*.html")
    html = page.read_text()
    assert html.count("<svg") == 3 and "<title>cat: " in html
    assert '<span class="frame"' in html


def test_images_of_a_folder_make_a_plane_in_pixel_space_for_two_models(
    command, planted_name: str, pictures: Path
) -> None:
    ids = neurons.images(pictures).ids
    of = ("--of", *(f"image:{ids[i]}" for i in (0, 12, 25)))
    done = command(
        *("plane", planted_name, *of, *CLASSES, "--images", pictures, "--space", "pixels"),
        *("--grid", 8, "--zoom", 0, "--other", planted_name),
    )
    assert done.code == 0, done.err
    assert "connected regions" in done.out
    assert "give 100.0% of 64 points of this plane the same class" in done.out


def test_what_makes_no_plane_is_one_line(refused, planted_name: str) -> None:
    def told(*arguments: object) -> str:
        return refused("plane", planted_name, *arguments)

    assert "2 were named" in told("--of", "text:a", "text:b", *CLASSES)
    assert "two of them are the same" in told("--of", "text:a", "text:b", "text:a", *CLASSES)
    three = ("--of", "text:a", "text:b", "text:c")
    assert "is no point of a plane" in told("--of", "a", "text:b", "text:c", *CLASSES)
    assert "1,000,000 points" in told(*three, *CLASSES, "--grid", 1000)
    assert "through three images" in told(*three, *CLASSES, "--space", "pixels")
    assert "no space 'sky'" in told(*three, *CLASSES, "--space", "sky")
    assert "no classes to compare" in told(*three)
    assert "no pictures 'oil'" in told(*three, *CLASSES, "--pictures", "oil")
    assert "measured on images" in told(
        "--of", "text:a", "text:b", "unit:visual.layer4:3", *CLASSES
    )
