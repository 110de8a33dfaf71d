package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** An image that appears under its name at once, over an old one or over nothing. */
record PublishedImage(Path path, ImageFormat format) {

  /** That it holds this, from now on or for certain. */
  DiskVersion version(byte[] content, boolean durable) {
    return new DiskVersion(path, ByteBuffer.wrap(content.clone()), List.of(), durable);
  }

  /** What it holds. */
  byte[] content(Volume volume) throws IOException {
    try (DiskImage disk = open(volume)) {
      return LeftImage.read(disk);
    }
  }

  private DiskImage open(Volume volume) throws IOException {
    return DiskImages.open(volume, path, ReferencePolicy.sameDirectory(), ImageOptions.of(format));
  }

  /** Sometimes an old image stands there; what is prepared is durable on return. */
  void prepare(SimulatedVolume volume, Random random) throws IOException {
    boolean overOld = random.nextBoolean();
    byte[] old = RandomChanges.randomBytes(random, DiskVersion.SECTOR_BYTES * 40);
    if (overOld) {
      write(volume, old, random);
    }
    volume.settle();
    if (overOld) {
      volume.mark(version(old, true));
    }
  }

  private void write(SimulatedVolume volume, byte[] content, Random random) throws IOException {
    if (format == ImageFormat.RAW) {
      try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
        file.write(ByteBuffer.wrap(content), 0);
      }
      return;
    }
    ImageCreation.create(volume, path, ImageSpecs.random(random, content.length));
    try (Qcow2Image disk = LeftImage.open(volume, path, true)) {
      disk.write(0, ByteBuffer.wrap(content));
    }
  }

  /** Does a job that makes the image, and tells what to require of what is left of it. */
  CrashExplorer.Check make(SimulatedVolume volume, byte[] newContent, Again.Job job)
      throws Exception {
    volume.mark(version(newContent, false));
    job.run(volume);
    volume.mark(version(newContent, true));
    return state -> {
      requireOldOrNew(state);
      requireMadeAgain(state, newContent, job);
    };
  }

  /** What stands there is all of the old image or all of the new one, never a part of either. */
  void requireOldOrNew(CrashState state) throws IOException {
    List<DiskVersion> possible = LeftImage.possible(state.marks(), path);
    if (isThere(state, possible)) {
      if (format == ImageFormat.QCOW2) {
        new LeftImage(state.volume(), path).requireNoCorruption();
      }
      assertThat(shows(state, possible)).as("the image is the old one or the new one").isTrue();
    }
  }

  /** Where that is due, the same job again makes all of the new image. */
  void requireMadeAgain(CrashState state, byte[] newContent, Again.Job job) throws IOException {
    if (Again.isDue(state)) {
      Again.run(state, job);
      if (format == ImageFormat.QCOW2) {
        new LeftImage(state.volume(), path).requireConsistent();
      }
      assertThat(content(state.volume())).as("made again").isEqualTo(newContent);
    }
  }

  /** Of one that is written in place, each sector is old or new. */
  void requireSectors(CrashState state) throws IOException {
    try (DiskImage disk = open(state.volume())) {
      new LeftImage(state.volume(), path)
          .requireContent(disk, LeftImage.possible(state.marks(), path));
    }
  }

  /** Whether it has its name, which it may lack where nothing was. */
  boolean isThere(CrashState state, List<DiskVersion> possible) throws IOException {
    boolean there = state.volume().exists(path);
    if (!there) {
      assertThat(!possible.isEmpty() && possible.getFirst().durable())
          .as("an image that was there is gone")
          .isFalse();
    }
    return there;
  }

  boolean shows(CrashState state, List<DiskVersion> possible) throws IOException {
    ByteBuffer content = ByteBuffer.wrap(content(state.volume()));
    return possible.stream().anyMatch(version -> version.content().equals(content));
  }
}
