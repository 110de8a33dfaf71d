package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Flattening;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A chain copied to a new image, over an old one or over nothing.
 *
 * @param way what is copied to what
 * @param options by how many threads, and how
 */
record ChainCopyWork(Way way, ConvertOptions options) implements CrashWorkload {

  private static final PublishedImage COPY =
      new PublishedImage(Path.of("/copy.qcow2"), ImageFormat.QCOW2);

  ChainCopyWork(Way way) {
    this(way, SourceChain.ONE_THREAD);
  }

  /** In which way. */
  enum Way {
    FLATTENED {
      @Override
      void copy(Volume volume, SourceChain chain, Form form) throws IOException {
        try (Qcow2Image source = chain.open(volume)) {
          Flattening.run(volume, COPY.path(), source, form.options(), new JobControl());
        }
      }
    },
    FLATTENED_BY_SHARING {
      @Override
      SourceChain source(SimulatedVolume volume, Random random, ConvertOptions options)
          throws IOException {
        return SourceChain.makeOrdinary(volume, random);
      }

      @Override
      void copy(Volume volume, SourceChain chain, Form form) throws IOException {
        FLATTENED.copy(volume, chain, form);
      }
    },
    OVER_ITS_BACKING_FILE {
      @Override
      void copy(Volume volume, SourceChain chain, Form form) throws IOException {
        ImageSpec spec =
            form.spec().withBacking(SourceChain.MIDDLE.getFileName().toString(), "qcow2");
        try (Qcow2Image source = chain.open(volume);
            Qcow2Image below = SourceChain.openBacking(volume);
            ConvertTarget target =
                Qcow2Targets.create(volume, COPY.path(), spec, below, form.storage())) {
          form.convert(List.of(source), target);
        }
      }
    },
    TWICE {
      @Override
      byte[] content(byte[] shown) {
        byte[] twice = Arrays.copyOf(shown, 2 * shown.length);
        System.arraycopy(shown, 0, twice, shown.length, shown.length);
        return twice;
      }

      @Override
      void copy(Volume volume, SourceChain chain, Form form) throws IOException {
        try (Qcow2Image first = chain.open(volume);
            Qcow2Image second = chain.open(volume);
            ConvertTarget target =
                Qcow2Targets.create(volume, COPY.path(), form.spec(), null, form.storage())) {
          form.convert(List.of(first, second), target);
        }
      }
    },
    IN_PART {
      @Override
      byte[] content(byte[] shown) {
        return Arrays.copyOfRange(shown, LEFT_OUT_BYTES, shown.length);
      }

      @Override
      void copy(Volume volume, SourceChain chain, Form form) throws IOException {
        long lengthBytes = form.spec().sizeBytes();
        try (Qcow2Image source = chain.open(volume);
            ConvertTarget target =
                Qcow2Targets.create(volume, COPY.path(), form.spec(), null, form.storage())) {
          Conversion.runPart(
              source, LEFT_OUT_BYTES, lengthBytes, target, form.options(), new JobControl());
        }
      }
    };

    private static final int LEFT_OUT_BYTES = 9 * DiskVersion.SECTOR_BYTES;

    SourceChain source(SimulatedVolume volume, Random random, ConvertOptions options)
        throws IOException {
      return SourceChain.make(volume, random, options);
    }

    /** What the copy holds of what the chain shows. */
    byte[] content(byte[] shown) {
      return shown;
    }

    abstract void copy(Volume volume, SourceChain chain, Form form) throws IOException;
  }

  /** What the copy is to be like, and how it comes about. */
  private record Form(ImageSpec spec, Qcow2Targets.Storage storage, ConvertOptions options) {

    void convert(List<Qcow2Image> sources, ConvertTarget target) throws IOException {
      Conversion.run(
          List.copyOf(sources), target, options, new JobControl(), (offset, length, cause) -> {});
    }
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SourceChain chain = way.source(volume, random, options);
    byte[] content = way.content(chain.content());
    Form form =
        new Form(
            ImageSpecs.target(random, content.length, options),
            // Threads that wait for each other's turn are met in the conversion into an image.
            new Qcow2Targets.Storage(
                random.nextBoolean() && !options.offloading(), 0, options.parallelism() == 1),
            options);
    COPY.prepare(volume, random);
    chain.note(volume);
    CrashExplorer.Check check = COPY.make(volume, content, disk -> way.copy(disk, chain, form));
    return state -> {
      SourceChain.requireUnchanged(state);
      check.check(state);
    };
  }
}
