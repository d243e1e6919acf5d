# Runs inside the proxy's container, where the runtime socket and the route's volume are:
#   perl - read                     the file's line, the process's line, counters, addresses, disk
#   perl - set BACKEND [RECORD]     change the route: the file first, then the process
#   perl - record RECORD            add one line to the history
#   perl - history                  print the history
#   perl - get PATH                 ask the proxy itself for a page, as a user would
# Perl, because Debian's minimal system has it and the image needs nothing more.
use strict;
use warnings;
use IO::Socket::UNIX;
use IO::Socket::INET;
use IO::Handle;

my $folder  = '/var/lib/hesap';
my $map     = "$folder/route.map";
my $history = "$folder/history.jsonl";
my $socket  = '/var/run/hesap/admin.sock';

sub ask {
    my ($command) = @_;
    my $proxy = IO::Socket::UNIX->new(Peer => $socket, Timeout => 5) or return undef;
    print $proxy "$command\n";
    local $/;
    my $answer = <$proxy>;
    return defined $answer ? $answer : '';
}

sub section {
    my ($name, $text) = @_;
    print "=== $name\n", $text, ($text =~ /\n\z/ || $text eq '') ? '' : "\n";
}

sub slurp {
    my ($path) = @_;
    open(my $file, '<', $path) or return '';
    local $/;
    my $text = <$file>;
    return defined $text ? $text : '';
}

sub to_disk { $_[0]->flush && $_[0]->sync or die "cannot write to disk: $!\n" }

sub append {
    my ($record) = @_;
    open(my $file, '>>', $history) or die "cannot open $history: $!\n";
    print $file "$record\n";
    to_disk($file);
}

sub set_route {
    my ($backend) = @_;
    open(my $file, '>', "$map.new") or die "cannot write $map.new: $!\n";
    print $file "route $backend\n";
    to_disk($file);
    rename("$map.new", $map) or die "cannot rename $map.new: $!\n";
    open(my $dir, '<', $folder) or die "cannot open $folder: $!\n";
    $dir->sync or die "cannot write $folder to disk: $!\n";
    my $answer = ask("set map $map route $backend");
    # A proxy that started without the file has an empty map: nothing to set, but room to add.
    $answer = ask("add map $map route $backend") if defined $answer && $answer =~ /not found/i;
    section('process', ask("show map $map") // 'down');
}

sub get {
    my ($path) = @_;
    my $proxy = IO::Socket::INET->new(PeerAddr => '127.0.0.1:8080', Timeout => 5) or die "no answer\n";
    print $proxy "GET $path HTTP/1.0\r\nHost: localhost\r\n\r\n";
    local $SIG{ALRM} = sub { die "no answer in 10 s\n" };
    alarm 10;
    print while <$proxy>;
}

my ($verb, @words) = @ARGV;
if ($verb eq 'read') {
    section('file', slurp($map));
    section('process', ask("show map $map") // 'down');
    section('stat', ask('show stat') // '');
    section('state', ask('show servers state') // '');
    section('disk', scalar `df -Pk $folder`);
}
elsif ($verb eq 'set')     { set_route($words[0]); append($words[1]) if $words[1] }
elsif ($verb eq 'record')  { append($words[0]) }
elsif ($verb eq 'history') { print slurp($history) }
elsif ($verb eq 'get')     { get($words[0]) }
else                       { die "unknown word: $verb\n" }
