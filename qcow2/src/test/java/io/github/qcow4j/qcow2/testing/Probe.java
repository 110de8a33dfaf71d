package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The commands with which an image is put before QEMU and before a program under test. */
public enum Probe {
  INFO("info -f qcow2"),
  INFO_JSON("info -f qcow2 --output=json"),
  INFO_CHAIN_JSON("info -f qcow2 --backing-chain --output=json"),
  CHECK("check -f qcow2"),
  CHECK_JSON("check -f qcow2 --output=json"),
  MAP("map -f qcow2"),
  MAP_JSON("map -f qcow2 --output=json"),
  CONVERT("convert -f qcow2 -O raw"),
  MEASURE("measure -f qcow2 -O qcow2"),
  MEASURE_RAW_JSON("measure -f qcow2 -O raw --output=json"),
  SNAPSHOT_LIST("snapshot -l");

  private final String words;

  Probe(String words) {
    this.words = words;
  }

  /**
   * The arguments behind the program's name.
   *
   * @param target where {@link #CONVERT} writes; no other probe uses it
   */
  public List<String> arguments(Path image, Path target) {
    List<String> arguments = new ArrayList<>(List.of(words.split(" ", -1)));
    arguments.add(image.toString());
    if (this == CONVERT) {
      arguments.add(target.toString());
    }
    return arguments;
  }
}
