package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;

/**
 * What an image may have beside its disk. A command that refuses every image that has it would
 * never come to what else is wrong with one.
 */
enum Part {
  BITMAPS("snapshot -a", "amend -o compat=0.10") {
    @Override
    void leaveOut(ImageSurgeon surgeon) {
      surgeon.clearFeatureBit(HeaderField.AUTOCLEAR_FEATURES, 0);
    }
  },
  SNAPSHOTS("amend -o cluster_size", "flatten") {
    @Override
    boolean hinders(CommandLine command, Ground ground) {
      return super.hinders(command, ground)
          || (ground == Ground.VERSION_2 && command.startsWithAny("resize"));
    }

    @Override
    void leaveOut(ImageSurgeon surgeon) {
      surgeon.set(HeaderField.NB_SNAPSHOTS, 0);
    }
  };

  @SuppressWarnings("ImmutableEnumChecker") // Never changed.
  private final String[] hindered;

  Part(String... hindered) {
    this.hindered = hindered;
  }

  /** Whether the command goes no further when it sees it. */
  boolean hinders(CommandLine command, Ground ground) {
    return command.startsWithAny(hindered);
  }

  /** Makes the header say nothing of it; what the header told of stays where it is. */
  abstract void leaveOut(ImageSurgeon surgeon);
}
