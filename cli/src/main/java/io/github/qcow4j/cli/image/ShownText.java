package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.snapshot.StoredText;

/**
 * Names out of images, as they are shown: up to the first NUL. QEMU takes them for C strings, and
 * what follows is garbage as a rule.
 */
final class ShownText {

  private ShownText() {}

  static String of(String stored) {
    int nul = stored.indexOf(0);
    return StoredText.readable(nul < 0 ? stored : stored.substring(0, nul));
  }
}
