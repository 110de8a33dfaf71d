package io.github.qcow4j.nativeio;

import io.github.qcow4j.nativeio.panama.LibdeflateCalls;
import io.github.qcow4j.nativeio.panama.LibdeflateFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Raw deflate streams (RFC 1951) by libdeflate, which does whole buffers at once and takes a third
 * of the time of the JDK's zlib. It is there on Linux when foreign access is allowed, and either
 * {@value #PROPERTY} names the file of the library, or the optional library {@code
 * io.airlift:aircompressor-v3}, whose jar carries it, is on the class path. Without it callers use
 * {@code java.util.zip}. Chosen at the first question, for the whole process; any thread may ask.
 */
public final class Libdeflate {

  /**
   * The system property that chooses: {@code jdk} does without libdeflate, anything else is the
   * path of libdeflate's shared library.
   */
  public static final String PROPERTY = "qcow4j.deflate";

  static final String NAME = "libdeflate";
  private static final String JDK = "jdk";
  private static final AtomicLong OPEN_CONTEXTS = new AtomicLong();

  private final LibdeflateCalls calls;

  private record Choice(Optional<Libdeflate> libdeflate, DeflateInfo info) {}

  /** Chosen when it is first asked for. */
  private static final class Chosen {
    private static final Choice CHOICE = choose(System.getProperty(PROPERTY, ""));
  }

  private Libdeflate(LibdeflateCalls calls) {
    this.calls = calls;
  }

  /** The library, if it can be had in this process. */
  public static Optional<Libdeflate> host() {
    return Chosen.CHOICE.libdeflate;
  }

  /** Who deflates in this process, and why. */
  public static DeflateInfo info() {
    return Chosen.CHOICE.info;
  }

  /** How many compressors and decompressors of this process are not closed. */
  public static long openContexts() {
    return OPEN_CONTEXTS.get();
  }

  private static Choice choose(String wanted) {
    if (wanted.equals(JDK)) {
      return without(PROPERTY + "=" + JDK);
    }
    try {
      return wanted.isEmpty() ? ofClassPath() : ofFile(wanted);
    } catch (IOException e) {
      return without("libdeflate does not work here: " + e.getMessage());
    }
  }

  private static Choice ofFile(String path) throws IOException {
    return with(LibdeflateFile.load(path), path);
  }

  private static Choice ofClassPath() throws IOException {
    return with(LibdeflateFile.loadFromClassPath(), "of aircompressor-v3");
  }

  private static Choice with(LibdeflateCalls calls, String reason) {
    return new Choice(Optional.of(new Libdeflate(calls)), new DeflateInfo(NAME, reason));
  }

  private static Choice without(String reason) {
    return new Choice(Optional.empty(), new DeflateInfo(JDK, reason));
  }

  /**
   * A compressor. The same bytes and level always give the same stream.
   *
   * @param level 1 to 12, the higher the smaller and slower
   */
  public Compressor newCompressor(int level) {
    if (level < 1 || level > 12) {
      throw new IllegalArgumentException("level is not 1 to 12: " + level);
    }
    return new Compressor(calls, level);
  }

  /** A decompressor. */
  public Decompressor newDecompressor() {
    return new Decompressor(calls);
  }

  /** Memory of the library's own; one thread at a time. */
  private static final class Context {

    private long address;

    Context(long address) {
      if (address == 0) {
        throw new OutOfMemoryError("libdeflate has no memory for a context");
      }
      this.address = address;
      OPEN_CONTEXTS.incrementAndGet();
    }

    long address() {
      if (address == 0) {
        throw new IllegalStateException("closed");
      }
      return address;
    }

    /** Returns what is to be freed, once. */
    long release() {
      long released = address;
      address = 0;
      if (released != 0) {
        OPEN_CONTEXTS.decrementAndGet();
      }
      return released;
    }
  }

  /** What remains of a direct buffer. */
  private static MemorySegment remaining(ByteBuffer buffer) {
    if (!buffer.isDirect()) {
      throw new IllegalArgumentException("not a direct buffer");
    }
    return MemorySegment.ofBuffer(buffer);
  }

  private static MemorySegment room(ByteBuffer buffer) {
    if (buffer.isReadOnly()) {
      throw new ReadOnlyBufferException();
    }
    return remaining(buffer);
  }

  /** Makes raw deflate streams; one thread at a time. Holds native memory until it is closed. */
  public static final class Compressor implements AutoCloseable {

    private final LibdeflateCalls calls;
    private final Context context;

    private Compressor(LibdeflateCalls calls, int level) {
      this.context = new Context(calls.allocCompressor(level));
      this.calls = calls;
    }

    /**
     * Compresses what remains of {@code source}, with a window of 32 KiB.
     *
     * @param source a direct buffer; consumed when this returns true
     * @param target where the stream goes, a direct buffer; its position ends behind the stream
     * @return whether the stream fitted; if not, positions are as before and {@code target}'s
     *     contents are undefined
     * @throws IllegalArgumentException when a buffer is not direct
     * @throws IllegalStateException when this is closed
     */
    public boolean compress(ByteBuffer source, ByteBuffer target) {
      int length = (int) calls.compress(context.address(), remaining(source), room(target));
      if (length == 0) {
        return false;
      }
      source.position(source.limit());
      target.position(target.position() + length);
      return true;
    }

    @Override
    public void close() {
      long released = context.release();
      if (released != 0) {
        calls.freeCompressor(released);
      }
    }
  }

  /** Decodes raw deflate streams; one thread at a time. Holds native memory until it is closed. */
  public static final class Decompressor implements AutoCloseable {

    private final LibdeflateCalls calls;
    private final Context context;

    private Decompressor(LibdeflateCalls calls) {
      this.context = new Context(calls.allocDecompressor());
      this.calls = calls;
    }

    /**
     * Decodes one stream that fills what remains of {@code target} exactly. Never reads or writes
     * outside of what remains of the two, whatever the stream says.
     *
     * @param source the stream, followed by anything, a direct buffer; left as it is
     * @param target where to, a direct buffer; its position ends at its limit when this returns
     *     true
     * @return whether it was so; if not, {@code target}'s contents are undefined: the stream is
     *     damaged, or does not end in {@code source}, or yields fewer bytes or more
     * @throws IllegalArgumentException when a buffer is not direct
     * @throws IllegalStateException when this is closed
     */
    public boolean decompress(ByteBuffer source, ByteBuffer target) {
      boolean filled = calls.decompress(context.address(), remaining(source), room(target));
      if (filled) {
        target.position(target.limit());
      }
      return filled;
    }

    @Override
    public void close() {
      long released = context.release();
      if (released != 0) {
        calls.freeDecompressor(released);
      }
    }
  }
}
