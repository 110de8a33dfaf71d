package io.github.qcow4j.snapshot.scenario;

/**
 * What a guest has written somewhere on its disk: one byte, again and again. It fills no cluster to
 * its ends, so that the rest of both has to come from below.
 *
 * @param slot where: each has a MiB of its own, from 0
 * @param value the byte, 1 to 255; 0 for what was never written
 */
record Patch(int slot, int value) {

  static final int SLOT_BYTES = 1 << 20;
  static final int SLOTS = 8;
  private static final int START_BYTES = 12 << 10;
  private static final int LENGTH_BYTES = 72 << 10;

  static Patch at(int slot, int value) {
    return new Patch(slot, value);
  }

  String writing() {
    return command("write");
  }

  String reading() {
    return command("read");
  }

  private String command(String verb) {
    int start = slot * SLOT_BYTES + START_BYTES;
    return "%s -P %d %d %d".formatted(verb, value, start, LENGTH_BYTES);
  }
}
