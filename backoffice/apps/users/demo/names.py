"""Names of people from many countries, each in its own script, put together from common ones."""

from dataclasses import dataclass
from random import Random

SECOND_NAME = 0.2  # how many people of a culture that has such have a second given name


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True)
class Culture:
    """What people of one language are called; `changed` are the families' names for women."""

    language: str
    timezone: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    changed: tuple[str, ...] = ()
    has_second: bool = False

    def name(self, chance: Random) -> tuple[str, str]:
        """A given name and a family name."""
        is_woman = chance.random() < 0.5
        first_names = self.women if is_woman else self.men
        families = self.changed if is_woman and self.changed else self.families
        first, last = chance.choice(first_names), chance.choice(families)
        if self.has_second and chance.random() < SECOND_NAME:
            first = f"{first} {chance.choice([name for name in first_names if name != first])}"
        return first, last


def _culture(language: str, timezone: str, women: str, men: str, families: str) -> Culture:
    return Culture(language, timezone, _words(women), _words(men), _words(families))


def _with_second(language: str, timezone: str, women: str, men: str, families: str) -> Culture:
    return Culture(language, timezone, _words(women), _words(men), _words(families), (), True)


CULTURES = (
    _with_second(
        "en", "Europe/Dublin",
        "Aoife Niamh Ciara Siobhán Orla Róisín Gráinne Sinéad Caoimhe Maeve Eimear Bríd",
        "Cian Oisín Darragh Fionn Pádraig Seán Eoin Tadhg Ruairí Cormac Diarmuid Donncha",
        "O'Brien Murphy Byrne O'Connor Walsh Doyle McCarthy Gallagher Kennedy Nolan Flynn Daly",
    ),
    _with_second(
        "en-GB", "Europe/London",
        "Charlotte Imogen Harriet Beatrice Florence Rosalind Eleanor Freya Matilda Isobel Gwen",
        "Oliver Hugh Alistair Duncan Rhys Gareth Callum Edmund Rupert Angus Owen Tobias",
        "Ashworth Fairclough MacLeod Pritchard Llewellyn Thackeray Whitaker Hargreaves Sinclair",
    ),
    _with_second(
        "de", "Europe/Berlin",
        "Katharina Dörte Franziska Änne Lieselotte Annika Frauke Heike Mareike Sabine Ulrike Greta",
        "Jürgen Götz Matthias Björn Sönke Lukas Torsten Konrad Ulrich Falk Henning Jörg",
        "Müller Schröder Weiß Köhler Krüger Böhm Groß Vogel Kühn Schäfer Lüdtke Zimmermann",
    ),
    _with_second(
        "fr", "Europe/Paris",
        "Chloé Élodie Anaïs Héloïse Noémie Margaux Inès Agnès Cécile Solène Maëlle Françoise",
        "Étienne François Loïc Mathéo Gaël Jérôme Rémi Noël Cédric Théo Aurélien Benoît",
        "Lefèvre Dubois Moreau Gauthier Hébert Mercier Lacroix Bérard Chevalier Péron D'Almeida",
    ),
    Culture(
        "es", "Europe/Madrid",
        _words("Lucía Begoña Rocío Inés Ángela Nuria Concepción Ximena Belén Montserrat Sofía"),
        _words("Íñigo Álvaro Joaquín Nicolás Andrés Raúl Martín Óscar Germán Sebastián Tomás"),
        (
            "García Ibáñez", "Núñez Ortega", "Peña Castro", "Muñoz Gil", "López de Haro",
            "Sánchez Vidal", "Álvarez Rubio", "Domínguez Soto", "Gutiérrez Mora", "Yáñez Cano",
            "Pérez de la Cruz", "Zúñiga León",
        ),
        (),
        True,
    ),
    Culture(
        "pt-BR", "America/Sao_Paulo",
        _words("Conceição Júlia Letícia Flávia Débora Luísa Antônia Inês Thaís Mônica Cecília"),
        _words("João Thiago Antônio Vinícius Caíque Otávio Luís Murilo Davi Joaquim César"),
        (
            "Gonçalves", "Araújo", "Simões", "Conceição", "Assunção", "Magalhães", "dos Santos",
            "da Silva", "Oliveira Lima", "Brandão", "Guimarães", "de Souza",
        ),
        (),
        True,
    ),
    Culture(
        "pl", "Europe/Warsaw",
        _words("Agnieszka Małgorzata Zofia Łucja Jadwiga Bożena Wiesława Grażyna Hanna Żaneta"),
        _words("Łukasz Paweł Michał Wojciech Stanisław Zbigniew Mieczysław Grzegorz Jacek"),
        _words("Wiśniewski Dąbrowski Zieliński Kamiński Szymański Jabłoński Górski Witkowski"),
        _words("Wiśniewska Dąbrowska Zielińska Kamińska Szymańska Jabłońska Górska Witkowska"),
    ),
    Culture(
        "cs", "Europe/Prague",
        _words("Zdeňka Růžena Kateřina Božena Adéla Eliška Markéta Žofie Ludmila Alžběta"),
        _words("Jiří Ondřej Václav Zdeněk Matěj Štěpán Bohuslav Řehoř Vojtěch Kryštof"),
        _words("Dvořák Černý Procházka Kučera Veselý Horák Němec Pokorný Růžička Beneš"),
        _words("Dvořáková Černá Procházková Kučerová Veselá Horáková Němcová Pokorná Růžičková"),
    ),
    Culture(
        "is", "Atlantic/Reykjavik",
        _words("Guðrún Sigríður Kristín Ásdís Þórdís Ragnheiður Hildur Ólöf Steinunn Bryndís"),
        _words("Jón Sigurður Guðmundur Þórður Ólafur Ragnar Árni Björn Stefán Hörður"),
        _words("Jónsson Sigurðsson Guðmundsson Þórðarson Ólafsson Ragnarsson Árnason Björnsson"),
        _words("Jónsdóttir Sigurðardóttir Guðmundsdóttir Þórðardóttir Ólafsdóttir Ragnarsdóttir"),
    ),
    _with_second(
        "sv", "Europe/Stockholm",
        "Åsa Märta Ebba Linnéa Göta Saga Tuva Ingegerd Majken Alva Disa",
        "Åke Göran Håkan Sören Björn Måns Östen Torbjörn Nils Viggo Pär Anders",
        "Lindström Åberg Söderberg Öberg Nyström Sjögren Bäckman Hellström Wikström Ekelöf",
    ),
    _culture(
        "tr", "Europe/Istanbul",
        "Ayşe Gülşen Şebnem Çiğdem Özlem Tuğba Işıl Müge Zeynep Gökçe İpek Nilüfer",
        "Çağlar Oğuz Şükrü İbrahim Ümit Göksel Tuğrul Barış Yiğit Kağan Ömer Müjdat",
        "Yılmaz Öztürk Şahin Çelik Güneş Kılıç Aydoğan Yıldırım Koç Doğan Işık Ünal",
    ),
    Culture(
        "ru", "Europe/Moscow",
        _words("Анна Мария Екатерина Татьяна Юлия Наталья Ксения Людмила Полина Дарья"),
        _words("Иван Дмитрий Сергей Алексей Михаил Николай Павел Юрий Фёдор Артём"),
        _words("Соколов Кузнецов Попов Лебедев Новиков Морозов Волков Зайцев Соловьёв Щербаков"),
        _words("Соколова Кузнецова Попова Лебедева Новикова Морозова Волкова Зайцева Соловьёва"),
    ),
    _culture(
        "uk", "Europe/Kyiv",
        "Оксана Лілія Соломія Наталія Зоряна Ярина Леся Мирослава Богдана Юлія",
        "Тарас Богдан Остап Мирослав Ярослав Андрій Сергій Юрій Євген Олексій",
        "Шевчук Коваленко Бондаренко Ткаченко Кравчук Лисенко Гончаренко Їжакевич Мельник",
    ),
    Culture(
        "el", "Europe/Athens",
        _words("Μαρία Ελένη Αικατερίνη Σοφία Βασιλική Δέσποινα Χρυσούλα Ευαγγελία Ζωή Ιωάννα"),
        _words("Γεώργιος Δημήτριος Κωνσταντίνος Ιωάννης Νικόλαος Χρήστος Σπύρος Θανάσης Μιχάλης"),
        _words("Παπαδόπουλος Οικονόμου Γεωργίου Νικολαΐδης Αθανασίου Καραγιάννης Μακρής Βλάχος"),
        _words("Παπαδοπούλου Οικονόμου Γεωργίου Νικολαΐδου Αθανασίου Καραγιάννη Μακρή Βλάχου"),
    ),
    _culture(
        "ar", "Africa/Cairo",
        "فاطمة عائشة مريم نور ليلى سلمى هدى ياسمين زينب رنا أمينة دعاء",
        "محمد أحمد يوسف عمر خالد إبراهيم حسن طارق كريم مصطفى سامي بلال",
        "حداد المصري الخطيب النجار العلي منصور الشريف عباس قاسم الحسيني سليمان فرج",
    ),
    _culture(
        "he", "Asia/Jerusalem",
        "נועה תמר יעל מאיה שירה רחל מיכל הדס אביגיל ליאת",
        "איתן יונתן אורי דניאל נועם גיא עומר אסף יואב אלון",
        "כהן לוי מזרחי פרץ ביטון אברהם פרידמן שפירא גולן רוזנברג",
    ),
    _culture(
        "fa", "Asia/Tehran",
        "زهرا نرگس شیرین پریسا مینا لاله گلناز آزاده مهسا نیلوفر",
        "آرش کیان بهرام داریوش پویا سیاوش امیر رضا فرهاد بابک",
        "کریمی رضایی احمدی موسوی تهرانی پهلوان نوری صادقی جعفری گودرزی",
    ),
    _culture(
        "hi", "Asia/Kolkata",
        "प्रिया अंजलि सुनीता काव्या मीरा दिव्या रेखा श्रेया नेहा पूजा",
        "अर्जुन राहुल विक्रम संजय अमित रोहन करण आदित्य मनोज सुरेश",
        "शर्मा वर्मा गुप्ता सिंह मिश्रा यादव जोशी त्रिपाठी चौहान पटेल",
    ),
    _culture(
        "bn", "Asia/Dhaka",
        "সুমাইয়া ফারহানা তানিয়া নুসরাত শর্মিলা মৌসুমী রুপা অনন্যা",
        "রাশেদ তানভীর ইমরান সৌরভ অভিজিৎ শাকিল মাহমুদ কামাল",
        "রহমান হোসেন চৌধুরী আহমেদ ইসলাম সরকার মজুমদার ঘোষ",
    ),
    _culture(
        "ta", "Asia/Colombo",
        "கவிதா மீனா லட்சுமி தமிழ்செல்வி ப்ரியா நந்தினி கமலா செல்வி",
        "கார்த்திக் முருகன் அருண் சுரேஷ் செந்தில் பிரகாஷ் ராஜா குமரன்",
        "சுப்பிரமணியன் நடராஜன் கிருஷ்ணன் ராமசாமி வேலு பாலன் செல்வம் கந்தசாமி",
    ),
    _culture(
        "th", "Asia/Bangkok",
        "สุดา มาลี พิมพ์ชนก นภา อรุณี กมลวรรณ ชลธิชา ปวีณา",
        "สมชาย ธนากร อนันต์ ณัฐพล กิตติ วีระ ประเสริฐ ศุภชัย",
        "ใจดี สุขสันต์ วงศ์ใหญ่ ทองคำ ศรีสุข แก้วมณี รุ่งเรือง พงษ์ไพร",
    ),
    _culture(
        "zh-CN", "Asia/Shanghai",
        "雨桐 欣怡 静 丽 美玲 思远 晓燕 雅婷 婉清 佳慧 梦瑶 若兰",
        "伟 建国 浩然 志强 俊杰 明 子轩 宇航 天佑 文博 国栋 立新",
        "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 欧阳 司马",
    ),
    _culture(
        "ja", "Asia/Tokyo",
        "さくら 陽菜 美咲 葵 結衣 花子 真由美 千尋 ゆかり 彩乃 美穂 恵子",
        "翔太 大輝 健一 蓮 悠真 拓也 直樹 誠 亮 和也 慎太郎 隆",
        "佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村 小林 加藤 吉田 山田 齋藤 長谷川",
    ),
    _culture(
        "ko", "Asia/Seoul",
        "서연 지우 민서 하은 수빈 예진 유나 은지 혜진 다은 소영 미경",
        "민준 서준 도윤 지훈 현우 준호 성민 동현 태영 상우 재석 영호",
        "김 이 박 최 정 강 조 윤 장 임 한 남궁",
    ),
    Culture(
        "vi", "Asia/Ho_Chi_Minh",
        ("Thị Hương", "Thị Mai", "Ngọc Ánh", "Thùy Dương", "Kim Liên", "Bích Ngọc", "Thị Thắm"),
        ("Văn Hùng", "Minh Đức", "Quốc Bảo", "Hữu Phước", "Đình Trọng", "Xuân Trường", "Văn Sơn"),
        _words("Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Ngô Dương"),
    ),
    _culture(
        "ka", "Asia/Tbilisi",
        "ნინო მარიამი თამარ ანა ქეთევან ნათია ეკატერინე სოფიო",
        "გიორგი დავით ლუკა ნიკოლოზ ლევან ზურაბ ირაკლი ვახტანგ",
        "ბერიძე კაპანაძე გელაშვილი მაისურაძე გიორგაძე ლომიძე წიკლაური ხარაძე",
    ),
    _culture(
        "hy", "Asia/Yerevan",
        "Անի Մարիամ Նարե Լիլիթ Անահիտ Գայանե Արփի Սոնա",
        "Արմեն Դավիթ Տիգրան Հայկ Գոռ Նարեկ Վահան Արամ",
        "Հակոբյան Սարգսյան Գրիգորյան Պետրոսյան Հարությունյան Մկրտչյան Ավետիսյան Ղազարյան",
    ),
    _culture(
        "am", "Africa/Addis_Ababa",
        "ሰላም ሕይወት ትዕግስት ቤተልሔም ማርታ ዘነበች አበባ ሳራ",
        "አበበ ዳዊት ኃይሌ ተስፋዬ ሰለሞን ብርሃኑ ግርማ ዮሐንስ",
        "ተፈራ ገብረማርያም ወልደሚካኤል አለሙ በቀለ ደስታ መንግሥቱ ታደሰ",
    ),
    _with_second(
        "en-NG", "Africa/Lagos",
        "Adaeze Ngozi Chiamaka Folaṣadé Yétúndé Amarachi Ọlábísí Ifeoma Zainab Halima Títílayọ̀",
        "Chidi Emeka Olúwaṣeun Babátúndé Ikenna Obinna Adébáyọ̀ Tunde Ibrahim Musa Káyọ̀dé",
        "Okonkwo Adéyẹmí Eze Balogun Nwosu Ògúnlẹ́sì Abubakar Okafor Afọlábí Danjuma Onyekachi",
    ),
    _culture(
        "sw", "Africa/Nairobi",
        "Wanjiku Achieng Nyambura Atieno Makena Zawadi Neema Rehema Akinyi Naliaka Mumbua",
        "Kamau Otieno Mwangi Kiprono Ochieng Barasa Mutua Juma Kipchoge Njoroge Omondi",
        "Kariuki Odhiambo Wambui Kimani Cheruiyot Mwende Ouma Wekesa Ndung'u Ng'ang'a Korir",
    ),
    _culture(
        "mi", "Pacific/Auckland",
        "Aroha Mārama Ngāio Anahera Hinewai Kahurangi Mereana Rāwinia",
        "Tāne Wiremu Rangi Hēmi Tamati Hōne Rāwiri Tīpene",
        "Parata Ngata Pōmare Tūhoe Whaanga Te-Heuheu Kīngi Waititi",
    ),
)  # fmt: skip


def person(number: int) -> tuple[Culture, str, str]:
    """The culture, given name and family name of a person: the same number, the same person."""
    chance = Random(number)
    culture = chance.choice(CULTURES)
    first, last = culture.name(chance)
    return culture, first, last
