package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.convert.StreamConversion;
import io.github.qcow4j.qcow2.convert.StreamFile;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A chain sent into FIFOs in every way there is. Whatever fails, what was received is how the whole
 * begins, and what is said to be sent is all there; the sources stay as they are.
 *
 * @param options by how many threads, and how
 */
record StreamWork(ConvertOptions options) implements CrashWorkload {

  private static final Conversion.SalvageListener NOTHING_SALVAGED = (offset, length, cause) -> {};

  /** In which way; a mark says that all was sent in it. */
  private enum Way {
    RAW_TO_A_CHANNEL(ImageFormat.RAW) {
      @Override
      void send(DiskImage source, Volume volume, ImageSpec spec, ConvertOptions options)
          throws IOException {
        try (StreamFile to = StreamFile.open(volume, fifo())) {
          StreamConversion.toRaw(List.of(source), to, options, new JobControl(), NOTHING_SALVAGED);
        }
      }
    },
    RAW_TO_A_NAME(ImageFormat.RAW) {
      @Override
      void send(DiskImage source, Volume volume, ImageSpec spec, ConvertOptions options)
          throws IOException {
        try (ConvertTarget to = RawTargets.create(volume, fifo(), source.virtualSize())) {
          Conversion.run(List.of(source), to, options, new JobControl(), NOTHING_SALVAGED);
        }
      }
    },
    PLAIN(ImageFormat.QCOW2) {
      @Override
      void send(DiskImage source, Volume volume, ImageSpec spec, ConvertOptions options)
          throws IOException {
        sendQcow2(source, volume, spec, false, options);
      }
    },
    COMPRESSED(ImageFormat.QCOW2) {
      @Override
      void send(DiskImage source, Volume volume, ImageSpec spec, ConvertOptions options)
          throws IOException {
        sendQcow2(source, volume, spec, true, options);
      }
    };

    private final ImageFormat format;

    Way(ImageFormat format) {
      this.format = format;
    }

    /** Who receives what is sent so. */
    Path fifo() {
      return Path.of("/" + name());
    }

    abstract void send(DiskImage source, Volume volume, ImageSpec spec, ConvertOptions options)
        throws IOException;

    void sendQcow2(
        DiskImage source, Volume volume, ImageSpec spec, boolean compressed, ConvertOptions options)
        throws IOException {
      try (StreamFile to = StreamFile.open(volume, fifo())) {
        StreamConversion.toQcow2(
            List.of(source),
            spec,
            new Qcow2Targets.Storage(compressed, 0, true),
            to,
            options,
            new JobControl(),
            NOTHING_SALVAGED);
      }
    }

    /** What the disk of a received image holds. */
    byte[] content(byte[] received) throws IOException {
      SimulatedVolume receiver = SimulatedVolume.create();
      try (BlockFile file = receiver.open(fifo(), OpenOptions.creatingNew())) {
        file.write(ByteBuffer.wrap(received), 0);
      }
      return new PublishedImage(fifo(), format).content(receiver);
    }

    void requireBeginning(CrashState state, byte[] whole) throws IOException {
      byte[] received = state.volume().received(fifo());
      assertThat(ByteBuffer.wrap(received).mismatch(ByteBuffer.wrap(whole)))
          .as("%s: first of %s bytes received that was not to be sent", this, received.length)
          .isIn(-1, received.length);
      if (state.marks().contains(this)) {
        assertThat(received).as("%s, all of it", this).hasSameSizeAs(whole);
      }
    }
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SourceChain chain = SourceChain.make(volume, random, options);
    for (Way way : Way.values()) {
      volume.makeFifo(way.fifo());
    }
    ImageSpec spec = ImageSpecs.random(random, chain.content().length);
    volume.settle();
    chain.note(volume);
    Map<Way, byte[]> sent = new EnumMap<>(Way.class);
    for (Way way : Way.values()) {
      try (DiskImage source = chain.open(volume)) {
        way.send(source, volume, spec, options);
      }
      volume.mark(way);
      byte[] received = volume.received(way.fifo());
      assertThat(way.content(received)).as("sent as %s", way).isEqualTo(chain.content());
      sent.put(way, received);
    }
    return state -> {
      SourceChain.requireUnchanged(state);
      // A power cut takes the receiver along.
      if (state.marks().contains(Failure.SURVIVED)) {
        for (Way way : Way.values()) {
          way.requireBeginning(state, sent.get(way));
        }
      }
    };
  }
}
