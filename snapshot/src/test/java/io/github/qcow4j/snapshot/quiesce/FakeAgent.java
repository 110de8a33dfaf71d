package io.github.qcow4j.snapshot.quiesce;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A guest's agent that behaves as it is told; serves one client after the other. */
final class FakeAgent implements AutoCloseable {

  private static final Pattern COMMAND = Pattern.compile("\"execute\": *\"([a-z-]+)\"");
  private static final Pattern ID = Pattern.compile("\"id\": *([0-9]+)");

  /**
   * What the agent says to a command, as it is sent; null hangs up. Of a sync it is what comes
   * before the answer.
   */
  interface Manner {
    String answer(String command, FakeAgent agent) throws IOException;
  }

  final Path socket;
  final List<String> commands = new CopyOnWriteArrayList<>();
  volatile boolean frozen;

  private final ServerSocketChannel server;
  private final Manner manner;

  FakeAgent(Path directory, Manner manner) throws IOException {
    this.socket = directory.resolve("agent.sock");
    this.manner = manner;
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform().daemon().start(this::serve);
  }

  /** One that does as QEMU's agent does. */
  static FakeAgent polite(Path directory) throws IOException {
    return new FakeAgent(directory, (command, agent) -> agent.politely(command));
  }

  String politely(String command) {
    return switch (command) {
      case "guest-sync-delimited" -> "";
      case "guest-fsfreeze-status" -> returned(frozen ? "\"frozen\"" : "\"thawed\"");
      case "guest-fsfreeze-freeze" -> {
        frozen = true;
        yield returned("2");
      }
      case "guest-fsfreeze-thaw" -> {
        String count = frozen ? "2" : "0";
        frozen = false;
        yield returned(count);
      }
      default -> "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"" + command + "\"}}\n";
    };
  }

  static String returned(String value) {
    return "{\"return\": " + value + "}\n";
  }

  private void serve() {
    while (server.isOpen()) {
      try (SocketChannel client = server.accept()) {
        converse(client);
      } catch (IOException e) {
        // The next client, or the end.
      }
    }
  }

  private void converse(SocketChannel client) throws IOException {
    StringBuilder line = new StringBuilder();
    ByteBuffer bytes = ByteBuffer.allocate(512);
    while (client.read(bytes) >= 0) {
      for (char each : StandardCharsets.ISO_8859_1.decode(bytes.flip()).array()) {
        if (each == 0xFF) {
          line.setLength(0);
        } else if (each != '\n') {
          line.append(each);
        } else {
          String answer = answer(line.toString());
          line.setLength(0);
          if (answer == null) {
            return;
          }
          client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.ISO_8859_1)));
        }
      }
      bytes.clear();
    }
  }

  private String answer(String line) throws IOException {
    Matcher command = COMMAND.matcher(line);
    if (!command.find()) {
      return "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no command\"}}\n";
    }
    commands.add(command.group(1));
    if (!command.group(1).equals("guest-sync-delimited")) {
      return manner.answer(command.group(1), this);
    }
    Matcher id = ID.matcher(line);
    String before = manner.answer("guest-sync-delimited", this);
    boolean answering = before != null && id.find();
    return answering ? before + "\u00ff" + returned(id.group(1)) : before;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
