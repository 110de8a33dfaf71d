package io.github.qcow4j.benchmarks;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.nativeio.Libdeflate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The libraries alone, both ways, on clusters of 64 KiB of real content at the levels that images
 * are written with: microseconds a cluster. Run it in a minute with {@code Codec -wi 1 -w 1 -i 3 -r
 * 1}; {@code -p library=zstd} for one alone.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class CodecBenchmark {

  private static final int CLUSTERS = 500;
  private static final int CLUSTER_BYTES = 1 << 16;
  private static final int STREAM_BYTES = CLUSTER_BYTES + 1024;

  /** libdeflate, the JDK's zlib, or zstd-jni. */
  @Param({"libdeflate", "jdk", "zstd"})
  String library = "libdeflate";

  private final ByteBuffer[] clusters = new ByteBuffer[CLUSTERS];
  private final ByteBuffer[] streams = new ByteBuffer[CLUSTERS];
  private final ByteBuffer output = ByteBuffer.allocateDirect(STREAM_BYTES);
  private BothWays codec;

  /** A library, both ways. */
  private interface BothWays extends AutoCloseable {

    void compress(ByteBuffer cluster, ByteBuffer stream);

    void expand(ByteBuffer stream, ByteBuffer cluster);

    @Override
    void close();
  }

  /** Takes clusters from all over the content, and compresses them. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    codec =
        switch (library) {
          case "libdeflate" -> new FastDeflate(Libdeflate.host().orElseThrow());
          case "jdk" -> new JdkDeflate();
          case "zstd" -> new Zstandard();
          default -> throw new IllegalArgumentException(library);
        };
    try (Images images = Images.in(OpenDisk.TEMPORARY, 256L << 20);
        FileChannel raw = FileChannel.open(images.raw())) {
      for (int i = 0; i < CLUSTERS; i++) {
        clusters[i] = ByteBuffer.allocateDirect(CLUSTER_BYTES);
        raw.read(clusters[i], (long) i * 8 * CLUSTER_BYTES);
        clusters[i].clear();
        streams[i] = ByteBuffer.allocateDirect(STREAM_BYTES);
        codec.compress(clusters[i].duplicate(), streams[i]);
        streams[i].flip();
      }
    }
  }

  /** Lets go of what the library holds. */
  @TearDown(Level.Trial)
  public void close() {
    codec.close();
    Arrays.fill(clusters, null);
    Arrays.fill(streams, null);
  }

  /** From clusters to streams. */
  @Benchmark
  @OperationsPerInvocation(CLUSTERS)
  public ByteBuffer compress() {
    for (ByteBuffer cluster : clusters) {
      codec.compress(cluster.duplicate(), output.clear());
    }
    return output;
  }

  /** From streams to clusters. */
  @Benchmark
  @OperationsPerInvocation(CLUSTERS)
  public ByteBuffer expand() {
    for (ByteBuffer stream : streams) {
      codec.expand(stream.duplicate(), output.clear().limit(CLUSTER_BYTES));
    }
    return output;
  }

  private static final class FastDeflate implements BothWays {

    private final Libdeflate.Compressor compressor;
    private final Libdeflate.Decompressor decompressor;

    FastDeflate(Libdeflate library) {
      compressor = library.newCompressor(5);
      decompressor = library.newDecompressor();
    }

    @Override
    public void compress(ByteBuffer cluster, ByteBuffer stream) {
      require(compressor.compress(cluster, stream));
    }

    @Override
    public void expand(ByteBuffer stream, ByteBuffer cluster) {
      require(decompressor.decompress(stream, cluster));
    }

    @Override
    public void close() {
      compressor.close();
      decompressor.close();
    }
  }

  private static final class JdkDeflate implements BothWays {

    private final Deflater deflater = new Deflater(6, true);
    private final Inflater inflater = new Inflater(true);

    @Override
    public void compress(ByteBuffer cluster, ByteBuffer stream) {
      deflater.reset();
      deflater.setInput(cluster);
      deflater.finish();
      deflater.deflate(stream);
      require(deflater.finished());
    }

    @Override
    public void expand(ByteBuffer stream, ByteBuffer cluster) {
      inflater.reset();
      inflater.setInput(stream);
      try {
        inflater.inflate(cluster);
      } catch (DataFormatException e) {
        throw new IllegalStateException(e);
      }
      require(!cluster.hasRemaining());
    }

    @Override
    public void close() {
      deflater.end();
      inflater.end();
    }
  }

  private static final class Zstandard implements BothWays {

    private final ZstdCompressCtx compressor = new ZstdCompressCtx().setLevel(3);
    private final ZstdDecompressCtx decompressor = new ZstdDecompressCtx();

    @Override
    public void compress(ByteBuffer cluster, ByteBuffer stream) {
      compressor.compress(stream, cluster);
    }

    @Override
    public void expand(ByteBuffer stream, ByteBuffer cluster) {
      decompressor.decompress(cluster, stream);
      require(!cluster.hasRemaining());
    }

    @Override
    public void close() {
      compressor.close();
      decompressor.close();
    }
  }

  private static void require(boolean right) {
    if (!right) {
      throw new IllegalStateException("not a whole cluster");
    }
  }
}
