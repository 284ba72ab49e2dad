"""Writes image files with Pillow, and the pixels that Pillow reads from them, for packages/data/test/images.test.ts.

Run by hand with Debian's python3-pil, from anywhere: /usr/bin/python3 packages/data/test/goldens/images.generate.py
The output is the same each time. It has the pixels of each image, upright and on a white background, at full and at a third of the size.
"""

import base64
import io
import json
import pathlib

from PIL import Image, ImageOps

W, H = 21, 18  # with 1, 2 or 4 bits per pixel, a row does not fill its last byte
files = {}


def scene(width=W, height=H, opacity=False):
    """Returns an image of smooth colors with some edges. Each corner has a different color."""
    image = Image.new("RGBA" if opacity else "RGB", (width, height))
    for y in range(height):
        for x in range(width):
            color = (255 * x // (width - 1), 255 * y // (height - 1), 128)
            if x < width // 3 and y < height // 3:
                color = (250, 20, 30)
            if (x - 2 * width // 3) ** 2 + (y - height // 2) ** 2 < 16:
                color = (10, 40, 200)
            if opacity:
                color += (255 * x // (width - 1),)
            image.putpixel((x, y), color)
    return image


def on_white(image):
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits per pixel, which convert() would clip
        image = image.point(lambda v: v / 257).convert("L")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")


def save(name, image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    again = on_white(Image.open(io.BytesIO(file.getvalue())))
    small = again.resize((again.width // 3, again.height // 3), Image.HAMMING)
    text = lambda data: base64.b64encode(data).decode()
    files[name] = {
        "size": [again.height, again.width],
        "pixels": text(again.tobytes()),
        "gray": text(again.convert("L").tobytes()),
        "small": text(small.tobytes()),
        "file": text(file.getvalue()),
    }


rgb, rgba = scene(), scene(opacity=True)
save("rgb.png", rgb, "PNG")
save("rgba.png", rgba, "PNG")
save("gray.png", rgb.convert("L"), "PNG")
save("gray-alpha.png", rgba.convert("LA"), "PNG")
save("gray-16.png", Image.frombytes("I;16", (W, H), bytes((x * y * k) % 256 for y in range(H) for x in range(W) for k in (1, 7))), "PNG")
save("one-bit.png", rgb.convert("1"), "PNG")
for bits in (1, 2, 4, 8):
    save(f"palette-{bits}.png", rgb.quantize(2**bits), "PNG", bits=bits)
save("palette-clear.png", rgb.quantize(16), "PNG", transparency=3)
save("palette-alpha.png", rgba.quantize(16), "PNG")
save("rgb-clear.png", rgb, "PNG", transparency=(250, 20, 30))
save("gray-clear.png", rgb.convert("L"), "PNG", transparency=128)
rgb = scene(24, 18)
save("444.jpg", rgb, "JPEG", quality=90, subsampling=0)
save("420.jpg", rgb, "JPEG", quality=90, subsampling=2)
save("progressive.jpg", rgb, "JPEG", quality=90, subsampling=0, progressive=True)
save("gray.jpg", rgb.convert("L"), "JPEG", quality=90)
save("restart.jpg", rgb, "JPEG", quality=80, subsampling=0, optimize=True)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x112] = orientation
    save(f"orientation-{orientation}.jpg", rgb, "JPEG", quality=95, subsampling=0, exif=exif.tobytes())

white = io.BytesIO()  # a million pixels in very few bytes; only its size is tested
Image.new("L", (1000, 1000), "white").save(white, "JPEG", quality=75, optimize=True)
files["white.jpg"] = {"file": base64.b64encode(white.getvalue()).decode()}

lines = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in files.items()]
pathlib.Path(__file__).with_name("images.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
