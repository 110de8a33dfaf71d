package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.util.function.Consumer;

/**
 * One hostile image: a sound one with something done to it.
 *
 * @param name what is wrong with it, unique, usable as a file name
 * @param ground the sound image
 * @param edits what is done to it
 */
record HostileCase(String name, Ground ground, Consumer<ImageSurgeon> edits) {

  @Override
  public String toString() {
    return name;
  }
}
