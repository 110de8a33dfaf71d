package io.github.qcow4j.snapshot.quiesce;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A connection to the guest's agent (QEMU guest agent protocol: one JSON object a line, in either
 * direction). No call waits longer than its deadline. Used by one thread at a time.
 *
 * <p>The channel keeps what an earlier conversation left in it, in both directions. {@code
 * guest-sync-delimited} gets over that: the byte 0xFF, which no JSON has, makes the agent forget
 * half a command, and precedes its answer, which repeats a number nobody else has sent.
 */
final class AgentConnection implements Closeable {

  /** Answers that are asked for here have less than a hundred bytes. */
  static final int MAX_ANSWER_BYTES = 1 << 16;

  private static final int DELIMITER = 0xFF;

  private final SocketChannel channel;
  private final Selector selector;
  private final SelectionKey key;

  /** Any of the answers is there with one read; a longer one takes some more. */
  private final ByteBuffer received = ByteBuffer.allocate(4096).flip();

  private AgentConnection(SocketChannel channel, Selector selector, SelectionKey key) {
    this.channel = channel;
    this.selector = selector;
    this.key = key;
  }

  /**
   * Connects.
   *
   * @throws IOException when nobody listens
   */
  static AgentConnection open(Path socket) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.configureBlocking(false);
      // A Unix socket connects at once or refuses; its queue may be full, which is a refusal here.
      if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
        throw new IOException("The socket does not take a connection now");
      }
      Selector selector = Selector.open();
      try {
        return new AgentConnection(channel, selector, channel.register(selector, 0));
      } catch (Throwable e) {
        selector.close();
        throw e;
      }
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  /** Sends the command and gives the agent's answer to it. */
  AgentAnswer call(String command, Deadline deadline) throws IOException {
    send(line(command), deadline, command);
    return AgentAnswer.of(readLine(deadline, command));
  }

  /** Forgets whatever was said before, on both sides. */
  void synchronise(Deadline deadline) throws IOException {
    long number = number();
    send(syncLine(number), deadline, "guest-sync-delimited");
    awaitSync(number, deadline);
  }

  /**
   * The same, with a command sent along at once: it arrives also when the agent, slow or asleep,
   * answers only after the caller has given up.
   */
  AgentAnswer synchroniseAndCall(String command, Deadline deadline) throws IOException {
    long number = number();
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(syncLine(number));
    both.writeBytes(line(command));
    send(both.toByteArray(), deadline, command);
    awaitSync(number, deadline);
    return AgentAnswer.of(readLine(deadline, command));
  }

  @Override
  public void close() throws IOException {
    try (channel;
        selector) {
      key.cancel();
    }
  }

  private static long number() {
    return ThreadLocalRandom.current().nextLong(1, Integer.MAX_VALUE);
  }

  private static byte[] line(String command) {
    return ("{\"execute\": \"" + command + "\"}\n").getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] syncLine(long number) {
    String command =
        "{\"execute\": \"guest-sync-delimited\", \"arguments\": {\"id\": " + number + "}}\n";
    // One byte for each character: the delimiter goes first.
    return ((char) DELIMITER + command).getBytes(StandardCharsets.ISO_8859_1);
  }

  private void awaitSync(long number, Deadline deadline) throws IOException {
    String wanted = "guest-sync-delimited";
    while (true) {
      while (read(deadline, wanted) != DELIMITER) {
        // What is left of another conversation.
      }
      byte[] line = readLine(deadline, wanted);
      if (isAnswer(line, number)) {
        return;
      }
    }
  }

  /** An answer to somebody else's question, or half of one, is none to ours. */
  private static boolean isAnswer(byte[] line, long number) {
    try {
      return Long.toString(number).equals(AgentAnswer.of(line).value());
    } catch (QuiesceException e) {
      return false;
    }
  }

  private void send(byte[] bytes, Deadline deadline, String command) throws IOException {
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    while (true) {
      channel.write(rest);
      if (!rest.hasRemaining()) {
        return;
      }
      await(SelectionKey.OP_WRITE, deadline, "room for " + command);
    }
  }

  private byte[] readLine(Deadline deadline, String command) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      int next = read(deadline, command);
      if (next == DELIMITER) {
        line.reset();
      } else if (next != '\n') {
        line.write(next);
        if (line.size() > MAX_ANSWER_BYTES) {
          throw new QuiesceException("the guest's agent gave an answer without an end");
        }
      } else if (!line.toString(StandardCharsets.ISO_8859_1).isBlank()) {
        return line.toByteArray();
      }
    }
  }

  private int read(Deadline deadline, String command) throws IOException {
    while (!received.hasRemaining()) {
      received.clear();
      int count = channel.read(received);
      received.flip();
      if (count < 0) {
        throw new IOException("The connection was closed from the other side");
      }
      if (count == 0) {
        await(SelectionKey.OP_READ, deadline, "the agent's answer to " + command);
      } else {
        deadline.check("the agent's answer to " + command);
      }
    }
    return Byte.toUnsignedInt(received.get());
  }

  private void await(int operation, Deadline deadline, String what) throws IOException {
    deadline.check(what);
    key.interestOps(operation);
    selector.select(deadline.stretchMillis());
    selector.selectedKeys().clear();
  }
}
